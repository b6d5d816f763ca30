import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { sentences, voucher } from "../support/cli.ts";
import { pause } from "../support/processes.ts";

const PROJECT = "prod";
const CHECKS = ["snakeoil", "provenance"];
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
const BUILDER = "builder@prod.iam.gserviceaccount.com";
const FINISHED = { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" };

describe("voucher check, while evidence is still to come", () => {
  let folder: string;
  let config: string;
  let registry: LocalRegistry;
  let grafeas: LocalGrafeas;
  let image: string;
  let uri: string;
  let scan: string;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-pending-"));
    registry = await startRegistry();
    grafeas = await startGrafeas({ notes: CHECKS.map((check) => `projects/${PROJECT}/notes/${check}`) });
    for (const check of CHECKS)
      await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
    config = join(folder, "voucher.json");
    const written = {
      signer: "pkix",
      binauth_project: PROJECT,
      image_project: PROJECT,
      failon: "high",
      trusted_builder_identities: [BUILDER],
      trusted_projects: [PROJECT],
      containeranalysis: { endpoint: grafeas.url },
      checks: { snakeoil: true, provenance: true },
      pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    };
    await writeFile(config, JSON.stringify(written));
  });

  afterAll(async () => {
    await Promise.all([registry?.close(), grafeas?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    count += 1;
    const sample = sampleImage({ platform: "linux/amd64", user: "10001", files: { count: String(count) } });
    await pushSample(sample, { url: registry.url, repository: "team/app", tag: `v${count}` });
    image = `${registry.host}/team/app:v${count}`;
    uri = `https://${registry.host}/team/app@${sample.root.digest}`;
    const discovery = { analysisStatus: "SCANNING", continuousAnalysis: "ACTIVE" };
    scan = grafeas.seed(PROJECT, { noteName: SCANS, resourceUri: uri, discovery }).name;
  });

  function check(...flags: string[]) {
    return voucher(["check", image, "-c", config, ...flags], { cwd: folder });
  }

  /** What was awaited appears: the scan is over, and the build record is written. */
  function complete(): void {
    grafeas.amend(scan, { discovery: FINISHED });
    const artifact = { id: uri, checksum: uri.slice(uri.indexOf("@") + 1) };
    const provenance = { projectId: PROJECT, creator: BUILDER, builtArtifacts: [artifact] };
    grafeas.seed(PROJECT, {
      noteName: `projects/${PROJECT}/notes/build`,
      resourceUri: uri,
      build: { provenance },
    });
  }

  it("cannot decide, and says what it waits for and since when", async () => {
    const result = await check("--json");

    expect(result.code).toBe(3);
    const { success, results } = JSON.parse(result.stdout);
    expect(success).toBe(false);
    expect(results).toMatchObject([
      { name: "snakeoil", status: "pending", success: false, attested: false },
      { name: "provenance", status: "pending", success: false, attested: false },
    ]);
    const [scanning, unbuilt] = results.map(({ error }: { error: string }) => error);
    expect(scanning).toMatch(/^waiting: the vulnerability scan of .* is running, since \d{4}-\d\d-\d\dT/);
    expect(unbuilt).toMatch(/^waiting: there is no build record of .* in project prod yet/);
    expect(sentences(result)).toEqual([`voucher: snakeoil: ${scanning}`, `voucher: provenance: ${unbuilt}`]);
  });

  it("waits as long as it is told to, says what for, and attests once it is there", async () => {
    const before = grafeas.traffic.count();
    const waiting = check("--wait", "3", "--json");
    // Lists of attestations, scans and build records: the first look at them is over.
    await vi.waitFor(() => expect(grafeas.traffic.count()).toBe(before + 3), 10_000);
    await pause(300);
    complete();

    const result = await waiting;

    expect(result).toMatchObject({ code: 0, stderr: expect.stringMatching(/^waiting, \d of 3 s: /) });
    expect(JSON.parse(result.stdout)).toMatchObject({ success: true, attested: true });
  });

  it("waits for the image that the tag named at first, also where the tag moves meanwhile", async () => {
    const before = grafeas.traffic.count();
    const waiting = check("--wait", "3", "--json");
    await vi.waitFor(() => expect(grafeas.traffic.count()).toBe(before + 3), 10_000);
    const other = sampleImage({ platform: "linux/amd64", user: "10001", files: { count: "moved" } });
    await pushSample(other, { url: registry.url, repository: "team/app", tag: `v${count}` });
    await pause(300);
    complete();

    const result = await waiting;

    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      image: uri.replace("https://", ""),
      tag: `v${count}`,
      success: true,
    });
  });

  it("is as undecided as before when the time is up", async () => {
    const result = await check("--wait", "1");

    expect(result.code).toBe(3);
    expect(result.stderr).toContain("waiting, 0 of 1 s: linux/amd64 snakeoil; linux/amd64 provenance");
    expect(result.stdout).toContain("not decided");
  });

  it("is not waited for where the time to wait is none", async () => {
    const result = await check("--wait", "0");

    expect(result).toMatchObject({ code: 3, stderr: "" });
    expect(result.stdout).toContain("not decided");
  });
});
