import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { generatePkixKey } from "../../lib/app.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { bundled } from "../support/bundled.ts";
import { sentences, voucher } from "../support/cli.ts";
import { type RunResult, startProcess } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, digestOf, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "nobody" })),
});
const DENIED = { status: 403, body: '{"error":{"status":"PERMISSION_DENIED"}}' };
const [AMD64 = "", ARM64 = ""] = INDEX.manifests.map(({ digest }) => digest);

describeWith(["docker-registry", "skopeo", "script"], "voucher revoke", () => {
  let stage: Stage;
  let name: string;
  let config: string;
  /** The digest whose attestations nobody may withdraw. */
  let refused: string | undefined;

  beforeAll(async () => {
    stage = await openStage({
      before: ({ method, path }) => {
        const victim = stage.grafeas.occurrences().find((one) => path.endsWith(one.name));
        if (method !== "DELETE" || refused === undefined || victim === undefined) return undefined;
        return digestOf(victim) === refused ? DENIED : undefined;
      },
    });
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

  /** Revokes nobody's attestations with somebody at the keyboard who types `typed`. */
  async function onTerminal(typed: string) {
    const words = [process.execPath, bundled("voucher.mjs"), "revoke", `${name}:v1`, "-c", config];
    const command = [...words, "--check", "nobody", "--reason", "x"].join(" ");
    // util-linux's script gives the command a terminal of its own, and types what comes on its standard input.
    const typing = `until grep -q "Go on" typescript; do sleep 0.05; done; printf '${typed}'; sleep 0.5`;
    const shell = await startProcess("sh", ["-c", `(${typing}) | script -qefc '${command}' typescript`], {
      cwd: stage.folder,
      env: { HOME: stage.folder, TERM: "dumb" },
    });
    const { code } = await shell.ended;
    const screen = shell.lines.join("\n");
    await shell.close();
    await rm(join(stage.folder, "typescript"));
    return { code, screen };
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
      who: `${userInfo().username}@${hostname()}`,
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

  it("does nothing that a person on a terminal does not agree to", async () => {
    const result = await onTerminal("n\\n");
    expect(result.code).toBe(2);
    expect(result.screen).toContain(`nobody of ${name}@${INDEX.root.digest} (index)`);
    expect(result.screen).toContain("nothing was withdrawn");
    expect(attested(stage)).toHaveLength(6);
  });

  it("does what a person on a terminal agrees to", async () => {
    expect(await onTerminal("y\\n")).toMatchObject({ code: 0 });
    expect(attested(stage).filter((one) => one.startsWith("nobody"))).toEqual([]);
  });

  it("is interrupted by Ctrl-C as any other command", async () => {
    expect(await onTerminal("\\003")).toMatchObject({ code: 130 });
    expect(attested(stage)).toHaveLength(6);
  });

  it("withdraws what the configuration does not select today, the index's own included", async () => {
    const selective = await stage.configure({
      more: '[platforms]\nselect = ["linux/amd64"]\nindex = "selected"',
    });
    const args = ["revoke", "-c", selective, `${name}:v1`, "--check", "nobody", "--reason", "x", "--yes"];
    const single = { VOUCHER_TARGET_ARCH: "arm64" };
    expect(await voucher(args, { cwd: stage.folder, env: single })).toMatchObject({ code: 0 });
    expect(attested(stage).filter((one) => one.startsWith("nobody"))).toEqual([]);
  });

  it("is the command that check names where a check fails that an older attestation still admits", async () => {
    const stricter = await stage.configure({ validRepos: ["gcr.io/elsewhere"] });
    const checked = await voucher(["check", "-c", stricter, `${name}:v1`, "--check", "diy"], {
      cwd: stage.folder,
    });
    expect(checked.code).toBe(1);
    const commands = [...checked.stdout.matchAll(/voucher (revoke \S+ --check \w+ --reason) TEXT/g)];
    expect(commands).toHaveLength(3);
    for (const [, command = ""] of commands) await run(...command.split(" "), "it fails", "--yes");
    expect(attested(stage).filter((one) => one.startsWith("diy"))).toEqual([]);
    expect((await run("verify", `${name}:v1`, "--check", "diy", "-q")).code).toBe(1);
  });

  it("says which could not be withdrawn, and withdraws the others", async () => {
    refused = AMD64;
    try {
      const result = await run(
        "revoke",
        `${name}:v1`,
        "--check",
        "nobody",
        "--reason",
        "x",
        "--yes",
        "--json",
      );
      expect(result.code).toBe(3);
      const document: { image: string; revoked: boolean }[] = JSON.parse(result.stdout);
      expect(document.map(({ image, revoked }) => [image.split("@")[1], revoked])).toEqual([
        [AMD64, false],
        [ARM64, true],
        [INDEX.root.digest, true],
      ]);
      expect(result.stderr).toContain("containeranalysis.occurrences.delete");
      expect(result.stderr).toContain('"message":"attestation could not be withdrawn"');
    } finally {
      refused = undefined;
    }
    expect(attested(stage).filter((one) => one.startsWith("nobody"))).toEqual([`nobody ${AMD64}`]);
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
