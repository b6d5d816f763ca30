import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { type Sample, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { type FunctionProcess, startFunction } from "../support/function-process.ts";
import { pause } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { describeWith } from "../support/tools.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
const PROJECT = "prod";

/** An index of three platforms; `name` makes its content its own. */
function index(name: string): Sample {
  return sampleIndex({
    images: PLATFORMS.map((platform) => sampleImage({ platform, user: "10001", files: { name } })),
  });
}

function digestsOf(sample: Sample): string[] {
  return sample.manifests.map(({ digest }) => digest);
}

describeWith(["pubsub-emulator"], "an index that is pushed before its platforms are scanned", () => {
  let folder: string;
  let pubsub: PubSubEmulator;
  let registry: LocalRegistry;
  let grafeas: LocalGrafeas;
  let onPush: FunctionProcess;
  let onOccurrence: FunctionProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-waiting-"));
    pubsub = await startPubSubEmulator();
    for (const topic of ["pushes", "waiting", "dead-letters", "announcements"])
      await pubsub.createTopic(topic);
    const publish = (event: object) => void pubsub.publish("pushes", JSON.stringify(event));
    registry = await startRegistry({ announce: publish });
    grafeas = await startGrafeas({
      notes: [`projects/${PROJECT}/notes/snakeoil`, `projects/${PROJECT}/notes/nobody`],
    });
    const env = { PUBSUB_EMULATOR_HOST: pubsub.host, METADATA_SERVER_DETECTION: "none" };
    const config = await configure();
    onPush = await startFunction(config, env);
    onOccurrence = await startFunction(config, env, "onOccurrence");
    await pubsub.createPushSubscription("pushes-to-voucher", { topic: "pushes", endpoint: onPush.url });
    await pubsub.createPushSubscription("waiting-to-voucher", { topic: "waiting", endpoint: onPush.url });
    await pubsub.createPushSubscription("scans-to-voucher", {
      topic: "announcements",
      endpoint: onOccurrence.url,
    });
    await pubsub.createPullSubscription("kept-dead-letters", "dead-letters");
  }, 60_000);

  afterAll(async () => {
    await Promise.all([onPush?.close(), onOccurrence?.close()]);
    await Promise.all([pubsub?.close(), registry?.close(), grafeas?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function configure(): Promise<string> {
    const checks = ["snakeoil", "nobody"];
    for (const check of checks)
      await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
    const file = join(folder, "voucher.json");
    const config = {
      signer: "pkix",
      binauth_project: PROJECT,
      image_project: PROJECT,
      failon: "high",
      valid_repos: [registry.host],
      containeranalysis: { endpoint: grafeas.url },
      checks: { snakeoil: true, nobody: true },
      pkix_keys: checks.map((check) => ({ check, path: `${check}.pem` })),
      events: {
        waiting_topic: pubsub.topicName("waiting"),
        dead_letter_topic: pubsub.topicName("dead-letters"),
      },
    };
    await writeFile(file, JSON.stringify(config));
    return file;
  }

  async function push(sample: Sample, repository: string): Promise<void> {
    await pushSample(sample, { url: registry.url, repository, tag: "v1" });
  }

  function uriOf(repository: string, digest: string): string {
    return `https://${registry.host}/${repository}@${digest}`;
  }

  /** A scan begins, as Artifact Analysis notes it. */
  function beginScan(repository: string, digest: string): string {
    const discovery = { analysisStatus: "SCANNING", continuousAnalysis: "ACTIVE" };
    return grafeas.seed(PROJECT, { noteName: SCANS, resourceUri: uriOf(repository, digest), discovery }).name;
  }

  /** A scan finishes, perhaps with something critical, and is announced. */
  async function finishScan(
    scan: string,
    found?: { repository: string; digest: string; id: string },
  ): Promise<void> {
    if (found !== undefined) {
      const issue = { affectedPackage: "openssl", effectiveSeverity: "CRITICAL", fixAvailable: true };
      grafeas.seed(PROJECT, {
        noteName: `projects/goog-vulnz/notes/${found.id}`,
        resourceUri: uriOf(found.repository, found.digest),
        vulnerability: { effectiveSeverity: "CRITICAL", packageIssue: [issue] },
      });
    }
    grafeas.amend(scan, { discovery: { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" } });
    await pubsub.publish("announcements", JSON.stringify({ name: scan, kind: "DISCOVERY" }));
  }

  function attested(digest: string): string[] {
    return grafeas
      .occurrences()
      .filter(({ kind, resourceUri }) => kind === "ATTESTATION" && resourceUri.endsWith(`@${digest}`))
      .map(({ noteName }) => noteName.slice(noteName.lastIndexOf("/") + 1))
      .sort();
  }

  function requests(): number {
    return registry.traffic.count() + grafeas.traffic.count();
  }

  function outcomesOf(digest: string | undefined): string[] {
    return onPush.deliveries
      .filter(({ image }) => image?.endsWith(`@${digest}`))
      .map(({ outcome }) => outcome);
  }

  const eventually = (expectation: () => void | Promise<void>) =>
    vi.waitFor(expectation, { timeout: 20_000, interval: 50 });

  it("waits without a request, and is completed by its scans in whatever order they finish", async () => {
    const sample = index("clean");
    const [amd64 = "", arm64 = "", arm = "", root = ""] = digestsOf(sample);
    const scans = new Map([amd64, arm64, arm].map((digest) => [digest, beginScan("team/clean", digest)]));
    await push(sample, "team/clean");
    await eventually(() => expect(outcomesOf(root)).toContain("waiting"));

    expect(attested(root)).toEqual(["nobody"]);
    expect(registry.traffic.count({ method: "GET" })).toBe(7);

    for (const digest of [arm, amd64]) await finishScan(scans.get(digest) ?? "");
    await eventually(() => expect([attested(arm), attested(amd64)]).toEqual([BOTH, BOTH]));
    expect(attested(root)).toEqual(["nobody"]);

    // The late one: while it is awaited other pushes flow, and nothing is asked for it but at a delivery.
    for (const name of ["a", "b", "c", "d"]) await pushScanned(name);
    await eventually(() =>
      expect(["a", "b", "c", "d"].flatMap((name) => attested(rootOf(name)))).toHaveLength(8),
    );
    await eventually(async () => {
      const before = requests();
      await pause(300);
      expect(requests()).toBe(before); // between two deliveries from the waiting topic, which are a second apart
    });

    await finishScan(scans.get(arm64) ?? "");
    await eventually(() => expect(attested(root)).toEqual(BOTH));
    await eventually(() => expect(outcomesOf(root).at(-1)).toBe("attested"));
    // Seven for the index, two for each single image; onOccurrence is an instance of its own, and read the three platforms.
    expect(registry.traffic.count({ method: "GET" })).toBe(7 + 4 * 2 + 3 * 2);
  }, 40_000);

  it("is decided when one of its platforms has a vulnerability, and vouches for the others", async () => {
    const sample = index("vulnerable");
    const [amd64 = "", arm64 = "", arm = "", root = ""] = digestsOf(sample);
    const scans = new Map([amd64, arm64, arm].map((digest) => [digest, beginScan("team/bad", digest)]));
    await push(sample, "team/bad");
    await eventually(() => expect(outcomesOf(root)).toContain("waiting"));

    await finishScan(scans.get(arm64) ?? "", { repository: "team/bad", digest: arm64, id: "CVE-2026-1234" });
    for (const digest of [amd64, arm]) await finishScan(scans.get(digest) ?? "");
    await eventually(() => expect(outcomesOf(root).at(-1)).toBe("decided"));

    expect([attested(amd64), attested(arm64), attested(arm), attested(root)]).toEqual([
      BOTH,
      ["nobody"],
      BOTH,
      ["nobody"],
    ]);
    const decided = onPush.deliveries.findLast(({ image }) => image?.endsWith(`@${root}`));
    expect(decided?.verdict?.results.find(({ name }) => name === "snakeoil")?.error).toMatch(
      /linux\/arm64.*CVE-2026-1234/,
    );
    expect(await pubsub.pull("kept-dead-letters")).toEqual([]);
  }, 40_000);

  const BOTH = ["nobody", "snakeoil"];
  const single = (name: string) => sampleImage({ platform: "linux/amd64", user: "10001", files: { name } });
  const rootOf = (name: string) => single(name).root.digest;

  /** Pushes an image whose scan is over. */
  async function pushScanned(name: string): Promise<void> {
    const scan = beginScan(`team/${name}`, rootOf(name));
    grafeas.amend(scan, { discovery: { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" } });
    await push(single(name), `team/${name}`);
  }
});
