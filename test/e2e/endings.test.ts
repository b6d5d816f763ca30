import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startGrafeas } from "../../lib/local/grafeas.ts";
import { pushSample } from "../../lib/local/push.ts";
import { startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { type DeliveryEntry, startFunction } from "../support/function-process.ts";
import { startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { describeWith } from "../support/tools.ts";

const PROJECT = "prod";
const CHECKS = ["nobody", "provenance", "snakeoil"];
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
const BUILDER = "builder@prod.iam.gserviceaccount.com";

/** Everything around Voucher, and its functions, which wait for evidence for `maxMinutes`. */
async function openWaitingRoom(maxMinutes: number) {
  const folder = await mkdtemp(join(tmpdir(), "voucher-endings-"));
  const pubsub = await startPubSubEmulator();
  for (const topic of ["pushes", "waiting", "dead-letters", "announcements"]) await pubsub.createTopic(topic);
  const registry = await startRegistry({
    announce: (event) => void pubsub.publish("pushes", JSON.stringify(event)),
  });
  const grafeas = await startGrafeas({ notes: CHECKS.map((check) => `projects/${PROJECT}/notes/${check}`) });
  for (const check of CHECKS)
    await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
  const config = join(folder, "voucher.json");
  const settings = {
    signer: "pkix",
    binauth_project: PROJECT,
    image_project: PROJECT,
    failon: "high",
    trusted_builder_identities: [BUILDER],
    trusted_projects: [PROJECT],
    containeranalysis: { endpoint: grafeas.url },
    checks: Object.fromEntries(CHECKS.map((check) => [check, true])),
    pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    pending: { max_minutes: maxMinutes },
    events: {
      waiting_topic: pubsub.topicName("waiting"),
      dead_letter_topic: pubsub.topicName("dead-letters"),
    },
  };
  await writeFile(config, JSON.stringify(settings));
  const env = { PUBSUB_EMULATOR_HOST: pubsub.host, METADATA_SERVER_DETECTION: "none" };
  const onPush = await startFunction(config, env);
  const onOccurrence = await startFunction(config, env, "onOccurrence");
  await pubsub.createPushSubscription("pushes-to-voucher", { topic: "pushes", endpoint: onPush.url });
  await pubsub.createPushSubscription("waiting-to-voucher", { topic: "waiting", endpoint: onPush.url });
  await pubsub.createPushSubscription("announcements-to-voucher", {
    topic: "announcements",
    endpoint: onOccurrence.url,
  });
  await pubsub.createPullSubscription("kept-dead-letters", "dead-letters");

  const uriOf = (name: string, digest: string) => `https://${registry.host}/team/${name}@${digest}`;
  const deliveriesOf = (digest: string): readonly DeliveryEntry[] =>
    onPush.deliveries.filter(({ image }) => image?.endsWith(`@${digest}`));
  return {
    deliveriesOf,
    deadLetters: () => pubsub.pull("kept-dead-letters"),
    announce: (name: string, kind: "BUILD" | "DISCOVERY") =>
      pubsub.publish("announcements", JSON.stringify({ name, kind })),

    /** Pushes an index of two platforms of its own, and waits until its event waits. */
    async push(name: string) {
      const images = ["linux/amd64", "linux/arm64"].map((platform) =>
        sampleImage({ platform, user: "10001", files: { name } }),
      );
      const sample = sampleIndex({ images });
      await pushSample(sample, { url: registry.url, repository: `team/${name}`, tag: "v1" });
      const root = sample.root.digest;
      await eventually(() => expect(deliveriesOf(root).map(({ outcome }) => outcome)).toContain("waiting"));
      return { root, platforms: images.map((image) => image.root.digest) };
    },

    scan(name: string, digest: string, analysisStatus: string): void {
      const discovery = { analysisStatus, continuousAnalysis: "ACTIVE" };
      grafeas.seed(PROJECT, { noteName: SCANS, resourceUri: uriOf(name, digest), discovery });
    },

    /** Writes a build record, as Cloud Build does when a push is over, and returns its name. */
    build(name: string, digest: string): string {
      const builtArtifacts = [{ id: uriOf(name, digest), checksum: digest }];
      const provenance = { projectId: PROJECT, creator: BUILDER, builtArtifacts };
      const noteName = `projects/${PROJECT}/notes/build`;
      return grafeas.seed(PROJECT, { noteName, resourceUri: uriOf(name, digest), build: { provenance } })
        .name;
    },

    /** The checks that `digest` is attested for. */
    attested: (digest: string) =>
      grafeas
        .occurrences()
        .filter(({ kind, resourceUri }) => kind === "ATTESTATION" && resourceUri.endsWith(`@${digest}`))
        .map(({ noteName }) => noteName.slice(noteName.lastIndexOf("/") + 1))
        .sort(),

    /** What the last delivery of the event of `digest` said of a check. */
    resultOf: (digest: string, check: string) =>
      deliveriesOf(digest)
        .at(-1)
        ?.verdict?.results.find(({ name }) => name === check),

    async close() {
      await Promise.all([onPush.close(), onOccurrence.close()]);
      await Promise.all([pubsub.close(), registry.close(), grafeas.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type WaitingRoom = Awaited<ReturnType<typeof openWaitingRoom>>;

const eventually = (expectation: () => void) => vi.waitFor(expectation, { timeout: 60_000, interval: 50 });

describeWith(["pubsub-emulator"], "an index that is pushed before its build is on record", () => {
  let room: WaitingRoom;

  beforeAll(async () => {
    room = await openWaitingRoom(60);
  }, 90_000);

  afterAll(() => room?.close());

  it("is attested when the record is announced, which vouches for each of its platforms", async () => {
    const { root, platforms } = await room.push("app");
    for (const digest of platforms) room.scan("app", digest, "FINISHED_SUCCESS");
    expect(room.attested(root)).toEqual(["nobody"]);

    await room.announce(room.build("app", root), "BUILD");

    await eventually(() => expect(room.attested(root)).toEqual(CHECKS));
    expect(platforms.map(room.attested)).toEqual([CHECKS, CHECKS]);
    await eventually(() => expect(room.deliveriesOf(root).at(-1)?.outcome).toBe("attested"));
  }, 90_000);
});

describeWith(["pubsub-emulator"], "an index whose evidence does not come in time", () => {
  let room: WaitingRoom;

  beforeAll(async () => {
    // Three seconds: after three refusals the emulator makes whoever waits wait for minutes.
    room = await openWaitingRoom(0.05);
  }, 90_000);

  afterAll(() => room?.close());

  it("fails without a build record, and is settled with what it did pass", async () => {
    const { root, platforms } = await room.push("unbuilt");
    for (const digest of platforms) room.scan("unbuilt", digest, "FINISHED_SUCCESS");

    await eventually(() => expect(room.deliveriesOf(root).at(-1)?.outcome).toBe("decided"));

    expect(room.resultOf(root, "provenance")).toMatchObject({
      status: "fail",
      error: expect.stringMatching(
        /no build record .* waited for 0 minutes \(pending\.max_minutes is 0\.05\)/,
      ),
    });
    expect(room.attested(root)).toEqual(["nobody", "snakeoil"]);
  }, 90_000);

  it.each([
    [
      "never ends",
      "SCANNING",
      "waited",
      /^linux\/arm64: the vulnerability scan of .* is running, since .*; waited for/,
    ],
    [
      "failed",
      "FINISHED_FAILED",
      "unsupported",
      /^linux\/arm64: the vulnerability scan of .* failed; push the image/,
    ],
  ])(
    "is dead-lettered with the reason where a scan %s, and its other platform is attested",
    async (_, status, reason, error) => {
      const name = status.toLowerCase();
      const { root, platforms } = await room.push(name);
      const [amd64 = "", arm64 = ""] = platforms;
      room.build(name, root);
      room.scan(name, amd64, "FINISHED_SUCCESS");
      room.scan(name, arm64, status);

      await eventually(() => expect(room.deliveriesOf(root).at(-1)?.outcome).toBe("dead-lettered"));

      expect(room.resultOf(root, "snakeoil")).toMatchObject({
        status: "error",
        error: expect.stringMatching(error),
      });
      expect([room.attested(root), room.attested(amd64)]).toEqual([["nobody", "provenance"], CHECKS]);
      const copies = (await room.deadLetters()).filter(({ data }) => data.includes(`@${root}`));
      expect(copies.map(({ attributes }) => attributes["voucher-reason"])).toEqual([reason]);
    },
    40_000,
  );
});
