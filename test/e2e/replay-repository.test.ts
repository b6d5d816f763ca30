import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatePkixKey } from "../../lib/app.ts";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { replay } from "../support/replay-process.ts";
import { checksAttested } from "../support/stage.ts";

const FIRST = sampleImage({ platform: "linux/amd64", user: "10001" });
const LAST = sampleImage({ platform: "linux/arm64", user: "10001" });
const TAGS = 2_300;
const SIGNATURE = `sha256-${"a".repeat(64)}.sig`;

describe("replaying a repository whose tags fill several pages", () => {
  let folder: string;
  let registry: LocalRegistry;
  let grafeas: LocalGrafeas;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-replay-"));
    registry = await startRegistry();
    grafeas = await startGrafeas({ notes: ["projects/p/notes/nobody"] });
    await pushSample(FIRST, { url: registry.url, repository: "team/app", tag: "v0000" });
    await pushSample(LAST, { url: registry.url, repository: "team/app", tag: "z-last" });
    const [manifest] = FIRST.manifests;
    for (let at = 1; at < TAGS; at += 1) {
      const tag = at === 1 ? SIGNATURE : `v${String(at).padStart(4, "0")}`;
      await fetch(`${registry.url}/v2/team/app/manifests/${tag}`, {
        method: "PUT",
        headers: { "content-type": manifest?.mediaType ?? "" },
        body: Uint8Array.from(manifest?.bytes ?? []),
      });
    }
    await writeFile(join(folder, "nobody.pem"), (await generatePkixKey()).privateKey, { mode: 0o600 });
    await writeFile(
      join(folder, "voucher.toml"),
      [
        'signer = "pkix"',
        'binauth_project = "p"',
        "[checks]",
        "nobody = true",
        "[[pkix_keys]]",
        'check = "nobody"',
        'path = "nobody.pem"',
        "[containeranalysis]",
        `endpoint = "${grafeas.url}"`,
      ].join("\n"),
    );
  }, 120_000);

  afterAll(async () => {
    await registry?.close();
    await grafeas?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("reads every page, reviews each digest once, and leaves what only keeps signatures", async () => {
    const { code, summary } = await replay(["--repository", `${registry.host}/team/app`], { cwd: folder });

    expect(summary).toMatchObject({
      seen: TAGS + 1,
      matched: 3,
      approved: 2,
      ignored: 1,
      done: 3,
      failed: 0,
    });
    expect(code).toBe(0);
    expect(checksAttested({ grafeas }, LAST.root.digest)).toEqual(["nobody"]);
    expect(registry.traffic.count({ kind: "tags" })).toBe(3);
  });

  it("says of a repository that is not there that it is not", async () => {
    const { code, lines } = await replay(["--repository", `${registry.host}/team/none`], { cwd: folder });

    expect(code).toBe(3);
    expect(lines.join()).toContain(`can't read the tags of ${registry.host}/team/none`);
  });
});
