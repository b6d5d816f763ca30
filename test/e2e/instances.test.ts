import { verify } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { demoImage, sampleImage } from "../../lib/local/samples.ts";
import { deliver, type FunctionProcess } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checkOf, checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const SAMPLE = demoImage();
const INDEX = SAMPLE.root.digest;
const [AMD64 = "", ARM64 = "", ARM = "", S390X = ""] = SAMPLE.manifests.map(({ digest }) => digest);
const OWED = [
  ...[AMD64, ARM64, ARM].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]),
  `diy ${S390X}`,
  `diy ${INDEX}`,
].sort();
const DELIVERIES = 5;

describeWith(["docker-registry", "skopeo", "pubsub-emulator"], "two instances at once", () => {
  let emulator: PubSubEmulator;
  let stage: Stage;
  let instances: readonly FunctionProcess[];

  beforeAll(async () => {
    emulator = await startPubSubEmulator();
    await emulator.createTopic("gcr");
    // Lists that lag behind let both believe that nothing is attested yet.
    stage = await openStage({ lagMs: 150 });
    const config = await stage.configure();
    instances = await Promise.all([stage.startFunction(config), stage.startFunction(config)]);
    for (const [at, { url }] of instances.entries()) {
      await emulator.createPushSubscription(`reviews-${at}`, { topic: "gcr", endpoint: url });
    }
    await skopeoPush(SAMPLE, `${stage.registry.host}/team/app:v1`);
  });

  afterAll(async () => {
    await stage?.close();
    await emulator?.close();
  });

  it("leave one attestation per digest and check, with every event delivered to both, five times over", async () => {
    const name = `${stage.registry.host}/team/app`;
    const children = [AMD64, ARM64, ARM, S390X].map((digest) => pushEvent(name, digest));
    const round = [...children, pushEvent(name, INDEX, "v1")];
    const events = Array.from({ length: DELIVERIES }, () => round).flat();

    const ids = await Promise.all(events.map((event) => emulator.publish("gcr", JSON.stringify(event))));
    await vi.waitFor(
      () => {
        for (const { deliveries } of instances) {
          const settled = new Set(
            deliveries.filter(({ status }) => status === 204).map((one) => one.messageId),
          );
          expect(ids.filter((id) => !settled.has(id))).toEqual([]);
        }
      },
      { timeout: 25_000, interval: 50 },
    );

    expect(attested(stage)).toEqual(OWED);
    const endings = instances.flatMap(({ deliveries }) => deliveries.map(({ outcome }) => outcome));
    expect(endings).not.toContain("dead-lettered");
    // More attempts to create than there was to create: they did get in each other's way.
    expect(stage.grafeas.traffic.count({ method: "POST" })).toBeGreaterThan(round.length);
    for (const occurrence of stage.grafeas.occurrences()) {
      const { serializedPayload = "", signatures = [] } = occurrence.attestation ?? {};
      expect(signatures).toHaveLength(1);
      const { publicKey } = stage.keys[checkOf(occurrence) === "diy" ? "diy" : "nobody"];
      const signature = Buffer.from(signatures[0]?.signature ?? "", "base64");
      expect(verify("sha256", Buffer.from(serializedPayload, "base64"), publicKey, signature)).toBe(true);
    }
  });
});

describeWith(["docker-registry", "skopeo"], "an instance that dies in the middle of a review", () => {
  const image = sampleImage({ platform: "linux/amd64", user: "10001" });

  it.each([
    ["before Grafeas has its attestations", false],
    ["before it hears that Grafeas has its attestations", true],
  ])("%s: loses nothing and doubles nothing, once another gets the event", async (_when, isStored) => {
    const writing = Promise.withResolvers<void>();
    const death = Promise.withResolvers<void>();
    let isFirst = true;
    const stage = await openStage({
      async before({ method }) {
        if (method !== "POST" || !isFirst) return undefined;
        isFirst = false;
        writing.resolve();
        await death.promise;
        return isStored ? undefined : "drop";
      },
    });
    try {
      const event = pushEvent(`${stage.registry.host}/team/app`, image.root.digest, "v1");
      await skopeoPush(image, `${stage.registry.host}/team/app:v1`);
      const config = await stage.configure();
      const [first, second] = await Promise.all([stage.startFunction(config), stage.startFunction(config)]);
      const cut = expect(deliver(first, event)).rejects.toThrow();
      await writing.promise;

      first.process.signal("SIGKILL");
      await first.process.ended;
      await cut;
      death.resolve();

      expect(await deliver(second, event)).toBe(204);
      expect(checksAttested(stage, image.root.digest)).toEqual(["diy", "nobody"]);
    } finally {
      death.resolve();
      await stage.close();
    }
  });
});
