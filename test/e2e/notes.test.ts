import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generatePkixKey, type KeyPair } from "../../lib/app.ts";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import type { Answer } from "../../lib/local/server.ts";
import { sentences, voucher } from "../support/cli.ts";
import type { RunResult } from "../support/processes.ts";

const PROJECT = "attestors";
const IMAGE = sampleImage({ platform: "linux/amd64", user: "nobody" });
const DENIED: Answer = { status: 403, body: '{"error":{"status":"PERMISSION_DENIED"}}' };

describe("voucher notes create", () => {
  let folder: string;
  let registry: LocalRegistry;
  let grafeas: LocalGrafeas;
  let keys: { readonly [check: string]: KeyPair };
  let config: string;
  let isDenied = false;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-notes-"));
    keys = {
      diy: await generatePkixKey(),
      nobody: await generatePkixKey(),
      provenance: await generatePkixKey(),
    };
    for (const [check, { privateKey }] of Object.entries(keys))
      await writeFile(join(folder, `${check}.pem`), privateKey);
    registry = await startRegistry();
    await pushSample(IMAGE, { url: registry.url, repository: "team/app", tag: "v1" });
  });

  beforeEach(async () => {
    isDenied = false;
    await grafeas?.close();
    grafeas = await startGrafeas({ before: () => (isDenied ? DENIED : undefined) });
    config = join(folder, "voucher.json");
    const document = {
      valid_repos: [registry.host],
      binauth_project: PROJECT,
      containeranalysis: { endpoint: grafeas.url },
      signer: "pkix",
      pkix_keys: Object.keys(keys).map((check) => ({ check, path: `${check}.pem` })),
      checks: { diy: true, nobody: true },
      required: { prod: { diy: true, provenance: true } },
    };
    await writeFile(config, JSON.stringify(document));
  });

  afterAll(async () => {
    await grafeas?.close();
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function run(...args: string[]): Promise<RunResult> {
    return voucher([...args, "-c", config], { cwd: folder });
  }

  const noteOf = (check: string) => `projects/${PROJECT}/notes/${check}`;

  it("makes the note of every configured check, of whatever group, and leaves those alone that are there", async () => {
    const first = await run("notes", "create", "--json");
    const second = await run("notes", "create", "--json");

    const answer = (status: string) =>
      ["diy", "nobody", "provenance"].map((check) => ({ check, note: noteOf(check), status }));
    expect(JSON.parse(first.stdout)).toEqual(answer("created"));
    expect(JSON.parse(second.stdout)).toEqual(answer("existed"));
    expect([first.code, second.code]).toEqual([0, 0]);
    const note: unknown = await (await fetch(`${grafeas.url}/v1/${noteOf("nobody")}`)).json();
    expect(note).toMatchObject({
      kind: "ATTESTATION",
      attestation: { hint: { humanReadableName: "nobody" } },
    });
  });

  it("is the command that check names where a note is missing, and then check attests", async () => {
    await run("notes", "create", "--check", "nobody", "-q");
    const image = `${registry.host}/team/app:v1`;
    const missing = await run("check", image, "--json");
    expect(missing.code).toBe(3);
    expect(sentences(missing)).toEqual([
      expect.stringMatching(
        /note projects\/attestors\/notes\/diy is missing, make it with voucher notes create$/,
      ),
    ]);

    const { stdout } = await run("notes", "create");
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual([
      `created ${noteOf("diy")}`,
      `existed ${noteOf("nobody")}`,
      `created ${noteOf("provenance")}`,
    ]);
    expect((await run("check", image, "-q")).code).toBe(0);
  });

  it("says which permission is missing", async () => {
    isDenied = true;
    const result = await run("notes", "create", "--json");
    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toContain("containeranalysis.notes.create on project attestors");
  });

  it("knows no check that is none", async () => {
    expect(await run("notes", "create", "--check", "nobdy")).toMatchObject({ code: 2, stdout: "" });
  });
});
