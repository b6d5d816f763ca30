import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage, helmChart, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { sentences, voucher } from "../support/cli.ts";
import type { RunResult } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checkOf, digestOf, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const DEMO = demoImage();
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];
const [AMD64 = "", ARM64 = "", ARM = "", S390X = ""] = DEMO.manifests.map(({ digest }) => digest);
const GOOD = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "nobody" })),
});
const CHART = helmChart();
const OWED = [
  ...[AMD64, ARM64, ARM].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]),
  `diy ${S390X}`,
  `diy ${DEMO.root.digest}`,
].sort();

describeWith(["docker-registry", "skopeo"], "voucher check and verify", () => {
  let stage: Stage;
  let name: string;
  let config: string;
  let storeIsDown = false;

  beforeAll(async () => {
    stage = await openStage({
      before: () =>
        storeIsDown ? { status: 403, body: '{"error":{"status":"PERMISSION_DENIED"}}' } : undefined,
    });
    name = `${stage.registry.host}/team/app`;
    await skopeoPush(DEMO, `${name}:demo`);
    await skopeoPush(GOOD, `${name}:good`);
    await pushSample(CHART, { url: stage.registry.url, repository: "team/app", tag: "chart" });
  });

  beforeEach(async () => {
    storeIsDown = false;
    config = await stage.configure();
    await stage.withdrawAll();
  });

  afterAll(async () => {
    await stage?.close();
  });

  function run(command: "check" | "verify", ...args: string[]): Promise<RunResult> {
    return voucher([command, "-c", config, ...args], { cwd: stage.folder });
  }

  function details(check: "diy" | "nobody", digest: string) {
    return {
      CheckName: check,
      Body: `{"critical":{"identity":{"docker-reference":"${name}"},"image":{"docker-manifest-digest":"${digest}"},"type":"Google cloud binauthz container signature"}}`,
      Signature: expect.stringMatching(/^[A-Za-z0-9+/]+={0,2}$/),
      KeyID: stage.keys[check].keyId,
    };
  }

  function passed(check: "diy" | "nobody", digest: string) {
    return { name: check, status: "pass", success: true, attested: true, details: details(check, digest) };
  }

  function failed(check: "diy" | "nobody", reason: string) {
    const error = expect.stringContaining(reason);
    return { name: check, status: "fail", success: false, attested: false, error };
  }

  /**
   * The verdict of the demo's image, and what nobody says of the index and of the platform that runs as root. `attested`:
   * whether everything owed is attested; `verify` is owed what `check` is not, the attestations of what failed.
   */
  function demoVerdict(why: { readonly index: string; readonly s390x: string; readonly attested: boolean }) {
    return {
      image: `${name}@${DEMO.root.digest}`,
      tag: "demo",
      kind: "index",
      success: false,
      attested: why.attested,
      results: [passed("diy", DEMO.root.digest), failed("nobody", why.index)],
      platforms: [AMD64, ARM64, ARM, S390X].map((digest, at) => ({
        platform: PLATFORMS[at],
        digest,
        success: digest !== S390X,
        attested: why.attested || digest !== S390X,
        results: [
          passed("diy", digest),
          digest === S390X ? failed("nobody", why.s390x) : passed("nobody", digest),
        ],
      })),
      skipped: DEMO.manifests.slice(4, 8).map(({ digest }) => ({ digest, reason: "attestation-manifest" })),
    };
  }

  it("answers with the Verdict, key by key, and rejects an index with a platform that runs as root", async () => {
    const result = await run("check", `${name}:demo`, "--json");

    expect(JSON.parse(result.stdout)).toEqual(
      demoVerdict({ index: "linux/s390x", s390x: "root", attested: true }),
    );
    expect(result.code).toBe(1);
    expect(attested(stage)).toEqual(OWED);
    expect(sentences(result)).toEqual([expect.stringContaining("linux/s390x")]);
  });

  it("approves an index whose platforms all pass, and attests it and each of them", async () => {
    const result = await run("check", `${name}:good`, "--json");

    const verdict = JSON.parse(result.stdout);
    expect(verdict).toMatchObject({ success: true, attested: true, kind: "index" });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(attested(stage)).toHaveLength(6);
  });

  it("signs only what is missing when it checks again", async () => {
    await run("check", `${name}:good`, "-q");
    const before = stage.grafeas.occurrences();

    expect(await run("check", `${name}:good`, "--json")).toMatchObject({ code: 0 });

    expect(stage.grafeas.occurrences()).toEqual(before);
  });

  it("signs everything again with --force, and doubles nothing", async () => {
    await run("check", `${name}:good`, "-q");
    const before = stage.grafeas.occurrences();

    expect(await run("check", `${name}:good`, "--json", "--force")).toMatchObject({ code: 0 });

    const after = stage.grafeas.occurrences();
    expect(after.map((one) => one.name).toSorted()).toEqual(before.map((one) => one.name).toSorted());
    const signatures = (list: typeof before) => list.map((one) => one.attestation?.signatures[0]?.signature);
    for (const signature of signatures(before)) expect(signatures(after)).not.toContain(signature);
    expect(await run("verify", `${name}:good`, "-q")).toMatchObject({ code: 0 });
  });

  it("runs the named check alone", async () => {
    const { code, stdout } = await run("check", `${name}:demo`, "--check", "diy", "--json");

    expect(JSON.parse(stdout).results).toEqual([passed("diy", DEMO.root.digest)]);
    expect(code).toBe(0);
    expect(attested(stage)).toEqual(OWED.filter((one) => one.startsWith("diy")));
  });

  it("looks at the named platform alone, and never attests the index then", async () => {
    const { code, stdout } = await run("check", `${name}:demo`, "--platform", "linux/arm64", "--json");

    const verdict = JSON.parse(stdout);
    expect(verdict).toMatchObject({ success: true, attested: true });
    expect(verdict.platforms.map((one: { platform: string }) => one.platform)).toEqual(["linux/arm64"]);
    expect(code).toBe(0);
    expect(attested(stage)).toEqual([`diy ${ARM64}`, `nobody ${ARM64}`]);
  });

  it("publishes nothing in a dry run, whose exit follows the checks", async () => {
    const good = await run("check", `${name}:good`, "--dry-run", "--json");
    const demo = await run("check", `${name}:demo`, "--dry-run", "--json");

    expect(JSON.parse(good.stdout)).toMatchObject({ success: true, attested: false });
    expect([good.code, demo.code]).toEqual([0, 1]);
    expect(stage.grafeas.traffic.count()).toBe(0);
  });

  it("runs nobody, and says so, in a dry run without any configuration", async () => {
    const cwd = stage.folder;
    const result = await voucher(["check", `${name}:good`, "--dry-run", "--json"], { cwd });

    const { results } = JSON.parse(result.stdout);
    expect(results).toEqual([{ name: "nobody", status: "pass", success: true, attested: false }]);
    expect(result.code).toBe(0);
    expect(sentences(result)).toEqual([expect.stringContaining("nobody")]);
  });

  it("answers an array for several images, of which the worst decides the exit code", async () => {
    const both = await run("check", `${name}:good`, `${name}:demo`, "--json");
    const verdicts: { tag: string }[] = JSON.parse(both.stdout);
    expect(verdicts.map(({ tag }) => tag)).toEqual(["good", "demo"]);
    expect(both.code).toBe(1);

    const one = await run("check", `${name}:demo`, `${name}:absent`, "--json");
    expect(JSON.parse(one.stdout)).toHaveLength(1);
    expect(one.code).toBe(3);
    expect(one.stderr).toContain(`${name}:absent`);
  });

  it("fails every check of a Helm chart", async () => {
    const { code, stdout } = await run("check", `${name}:chart`, "--json");

    expect(JSON.parse(stdout)).toEqual({
      image: `${name}@${CHART.root.digest}`,
      tag: "chart",
      kind: "artifact",
      success: false,
      attested: false,
      results: [failed("diy", "not an image"), failed("nobody", "not an image")],
      platforms: [],
      skipped: [],
    });
    expect(code).toBe(1);
  });

  it("cannot decide where attestations cannot be stored, and says what passed", async () => {
    storeIsDown = true;

    const checked = await run("check", `${name}:good`, "--json");

    expect(checked.code).toBe(3);
    expect(sentences(checked).length).toBeGreaterThan(0);
    expect(attested(stage)).toEqual([]);
  });

  it("verifies what was attested, in the same words, without running a check", async () => {
    const before = await run("verify", `${name}:demo`, "--json");
    expect(JSON.parse(before.stdout)).toMatchObject({ success: false, attested: false });
    expect(before.code).toBe(1);

    await run("check", `${name}:demo`, "-q");
    const after = await run("verify", `${name}:demo`, "--json");

    expect(JSON.parse(after.stdout)).toEqual(
      demoVerdict({ index: "linux/s390x", s390x: "no attestation", attested: false }),
    );
    expect(after.code).toBe(1);
    expect(attested(stage)).toEqual(OWED);
  });

  it("tells people how what is missing gets its attestation, and logs what is done with -v", async () => {
    const verified = await run("verify", `${name}:good`, "-v");
    const checked = await run("check", `${name}:good`, "-v");

    const advice = `what passes its check gets an attestation by: voucher check ${name}@${GOOD.root.digest}`;
    expect(verified.stdout).toContain(advice);
    expect(checked.stdout).not.toContain("voucher check");
    expect(sentences(checked).map((line) => JSON.parse(line))).toMatchObject([
      {
        severity: "DEBUG",
        message: "configuration loaded",
        file: expect.stringMatching(/voucher-\d+\.toml$/),
        signer: "pkix",
      },
      {
        severity: "DEBUG",
        message: "image answered for",
        image: `${name}@${GOOD.root.digest}`,
        checks: ["diy", "nobody"],
        success: true,
        attested: true,
        milliseconds: expect.any(Number),
      },
    ]);
  });

  it("verifies an index and its platforms with exit code 0, and by tag as by digest", async () => {
    await run("check", `${name}:good`, "-q");

    expect(await run("verify", `${name}:good`, "--json")).toMatchObject({ code: 0, stderr: "" });
    expect(await run("verify", `${name}@${GOOD.root.digest}`, "--json")).toMatchObject({ code: 0 });
  });

  it("does not verify an index of which one platform lost its attestation", async () => {
    await run("check", `${name}:good`, "-q");
    const lost = stage.grafeas
      .occurrences()
      .find((one) => checkOf(one) === "nobody" && digestOf(one) === GOOD.manifests[0]?.digest);
    await fetch(`${stage.grafeas.url}/v1/${lost?.name}`, { method: "DELETE" });

    const { code, stdout } = await run("verify", `${name}:good`, "--json");
    const verdict = JSON.parse(stdout);
    expect(verdict).toMatchObject({ success: false, attested: false });
    expect(verdict.platforms).toMatchObject([
      { success: false, attested: false },
      { success: true, attested: true },
    ]);
    expect(code).toBe(1);
  });

  it("cannot verify where the store cannot be asked", async () => {
    await run("check", `${name}:good`, "-q");
    storeIsDown = true;

    expect((await run("verify", `${name}:good`, "--json")).code).toBe(3);
  });

  it("signs with a key that keys generate made", async () => {
    const cwd = stage.folder;
    const made = await voucher(["keys", "generate", "--check", "nobody", "--out", "new.pem", "--json"], {
      cwd,
    });
    const { keyId } = JSON.parse(made.stdout);
    const toml = await readFile(config, "utf8");
    await writeFile(join(cwd, "rotated.toml"), toml.replace("nobody.pem", "new.pem"));

    const { code, stdout } = await voucher(
      ["check", "-c", "rotated.toml", `${name}:good`, "--check", "nobody", "--json"],
      { cwd },
    );

    expect(code).toBe(0);
    expect(JSON.parse(stdout).results[0].details.KeyID).toBe(keyId);
  });

  it("replaces what another key signed, once that key is no longer trusted", async () => {
    await run("check", `${name}:good`, "-q");
    const cwd = stage.folder;
    await voucher(["keys", "generate", "--check", "nobody", "--out", "newer.pem"], { cwd });
    await writeFile(config, (await readFile(config, "utf8")).replace("nobody.pem", "newer.pem"));
    expect((await run("verify", `${name}:good`, "--check", "nobody", "-q")).code).toBe(1);
    expect((await run("verify", `${name}:good`, "--check", "diy", "-q")).code).toBe(0);

    expect((await run("check", `${name}:good`, "-q")).code).toBe(0);

    expect((await run("verify", `${name}:good`, "-q")).code).toBe(0);
    expect(attested(stage)).toHaveLength(6);
  });
});
