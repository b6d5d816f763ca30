import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { generatePkixKey } from "../../lib/app.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { sentences, voucher } from "../support/cli.ts";
import type { RunResult } from "../support/processes.ts";
import { runOrThrow } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "nobody" })),
});
const [AMD64 = "", ARM64 = ""] = INDEX.manifests.map(({ digest }) => digest);

describeWith(["docker-registry", "skopeo", "openssl"], "voucher revoke, notes and keys", () => {
  let stage: Stage;
  let name: string;
  let config: string;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    config = await stage.configure();
    await skopeoPush(INDEX, `${name}:v1`);
  });

  beforeEach(async () => {
    await stage.withdrawAll();
    await run("check", `${name}:v1`, "-q");
    expect(attested(stage)).toHaveLength(6);
  });

  afterAll(async () => {
    await stage?.close();
  });

  function run(...args: string[]): Promise<RunResult> {
    const [command = "", ...rest] = args;
    const words = command.split(" ");
    return voucher([...words, "-c", config, ...rest], { cwd: stage.folder });
  }

  it("withdraws one check's attestations of an image and its platforms; verify then says missing", async () => {
    const result = await run(
      "revoke",
      `${name}:v1`,
      "--check",
      "nobody",
      "--reason",
      "runs as root after all",
      "--yes",
    );

    expect(result.code).toBe(0);
    expect(result.stdout.split("\n").filter((line) => line.startsWith("revoked nobody"))).toHaveLength(3);
    expect(attested(stage)).toEqual(
      [AMD64, ARM64, INDEX.root.digest].map((digest) => `diy ${digest}`).sort(),
    );
    const verified = await run("verify", `${name}:v1`, "--check", "nobody", "--json");
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.stdout).results[0].error).toMatch(/^no attestation/);
  });

  it("logs who withdrew what, and why", async () => {
    const { stderr } = await run(
      "revoke",
      `${name}:v1`,
      "--check",
      "nobody",
      "--reason",
      "found a backdoor",
      "--yes",
    );

    const entries = sentences({ stderr, stdout: "", code: 0 }).map((line) => JSON.parse(line));
    expect(entries).toHaveLength(3);
    expect(entries[0]).toMatchObject({
      severity: "WARNING",
      message: "attestation withdrawn",
      reason: "found a backdoor",
      check: "nobody",
      who: expect.stringMatching(/./),
      occurrence: expect.stringContaining("/occurrences/"),
    });
  });

  it("withdraws those of the named platform alone", async () => {
    await run(
      "revoke",
      `${name}:v1`,
      "--check",
      "all",
      "--platform",
      "linux/arm64",
      "--reason",
      "x",
      "--yes",
      "-q",
    );
    expect(attested(stage)).toEqual(
      [AMD64, INDEX.root.digest].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]).sort(),
    );
  });

  it("does nothing unasked where nobody can be asked", async () => {
    const result = await run("revoke", `${name}:v1`, "--check", "nobody", "--reason", "x");
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("--yes");
    expect(attested(stage)).toHaveLength(6);
  });

  it("says that nothing was attested, and answers with what was withdrawn as JSON", async () => {
    const args = ["revoke", `${name}:v1`, "--check", "nobody", "--reason", "x", "--yes"];
    const first = JSON.parse((await run(...args, "--json")).stdout);
    expect(first).toHaveLength(3);
    expect(first[0]).toMatchObject({ check: "nobody", platform: "linux/amd64", revoked: true });
    expect((await run(...args)).stdout).toBe("nothing was attested\n");
  });

  it("withdraws what stands on a digest that the registry has no more", async () => {
    const gone = `sha256:${"1".repeat(64)}`;
    const [any] = stage.grafeas.occurrences();
    await fetch(`${stage.grafeas.url}/v1/projects/attestors/occurrences`, {
      method: "POST",
      body: JSON.stringify({
        noteName: "projects/attestors/notes/nobody",
        kind: "ATTESTATION",
        resourceUri: `https://${name}@${gone}`,
        attestation: any?.["attestation"],
      }),
    });
    const result = await run("revoke", `${name}@${gone}`, "--check", "nobody", "--reason", "gone", "--yes");
    expect(result).toMatchObject({ code: 0 });
    expect(attested(stage).filter((one) => one.includes(gone))).toEqual([]);
  });

  it("prints for each attestation by which key it was made and since when", async () => {
    const { stdout } = await run("verify", `${name}:v1`);
    const line = new RegExp(
      `linux/arm64, nobody: attested since \\d{4}-\\d\\d-\\d\\dT\\S+ by ${stage.keys.nobody.keyId.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`,
    );
    expect(stdout).toMatch(line);
  });

  it("makes the notes that are missing, and leaves the others as they are", async () => {
    await fetch(`${stage.grafeas.url}/v1/projects/attestors/notes/diy`, { method: "DELETE" });
    await stage.withdrawAll();
    const missing = await run("check", `${name}:v1`, "--json");
    expect(missing.code).toBe(3);
    expect(missing.stderr).toMatch(
      /note projects\/attestors\/notes\/diy is missing, make it with voucher notes create/,
    );

    const made = await run("notes create", "--json");
    expect(JSON.parse(made.stdout)).toEqual([
      { check: "diy", note: "projects/attestors/notes/diy", status: "created" },
      { check: "nobody", note: "projects/attestors/notes/nobody", status: "existed" },
    ]);
    expect((await run("check", `${name}:v1`, "-q")).code).toBe(0);
  });

  it("shows the keys that attestors need, as openssl knows them", async () => {
    const { stdout } = await run("keys show", "--json");
    const [diy] = JSON.parse(stdout);
    expect(diy).toEqual({ check: "diy", keyId: stage.keys.diy.keyId, publicKey: stage.keys.diy.publicKey });
    const file = join(stage.folder, "shown.pem");
    await writeFile(file, diy.publicKey);
    const der = join(stage.folder, "shown.der");
    await runOrThrow("openssl", ["pkey", "-pubin", "-in", file, "-outform", "DER", "-out", der]);
    expect((await readFile(der)).length).toBe(91); // an EC P-256 SubjectPublicKeyInfo
  });

  it("prints why an attestation does not count", async () => {
    const stricter = await stage.configure();
    const toml = await readFile(stricter, "utf8");
    await writeFile(stricter, toml.replace('path = "nobody.pem"', 'path = "newer.pem"'));
    await writeFile(join(stage.folder, "newer.pem"), (await generatePkixKey()).privateKey);
    const { code, stdout } = await voucher(["verify", "-c", stricter, `${name}:v1`], { cwd: stage.folder });
    expect(code).toBe(1);
    for (const where of ["linux/amd64", "linux/arm64", "index"]) {
      expect(stdout).toContain(
        `${where}, nobody: no attestation that counts: it was made with an unknown key (${stage.keys.nobody.keyId})`,
      );
      expect(stdout).toContain(`${where}, diy: attested since `);
    }
  });
});
