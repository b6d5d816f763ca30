import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { demoImage, sampleImage } from "../../lib/local/samples.ts";
import { voucher } from "../support/cli.ts";
import { pushEvent } from "../support/notifications.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checksAttested, openStage, type Stage } from "../support/stage.ts";
import { type SubscriberProcess, startSubscriber } from "../support/subscriber-process.ts";
import { describeWith } from "../support/tools.ts";

const SAMPLE = demoImage();
const INDEX = SAMPLE.root.digest;
const [AMD64 = "", ARM64 = "", ARM = "", S390X = ""] = SAMPLE.manifests.map(({ digest }) => digest);
const OWED = [
  ...[AMD64, ARM64, ARM].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]),
  `diy ${S390X}`,
  `diy ${INDEX}`,
].sort();
const LATE = sampleImage({ platform: "linux/amd64", user: "10001", created: "2026-01-04T00:00:00Z" });

describeWith(["docker-registry", "skopeo", "pubsub-emulator"], "voucher subscribe", () => {
  let emulator: PubSubEmulator;
  let stage: Stage;
  let name: string;
  let project: string;
  let topic: string;
  let subscription: string;
  let count = 0;
  const running: SubscriberProcess[] = [];
  /** What happens to a request that is to store attestations. */
  let storing: () => Promise<"drop" | undefined>;

  beforeAll(async () => {
    emulator = await startPubSubEmulator();
    project = emulator.topicName("gcr").split("/")[1] ?? "";
    stage = await openStage({
      // Lists that lag behind let two believe that nothing is attested yet.
      lagMs: 150,
      before: ({ method }) => (method === "POST" ? storing() : Promise.resolve(undefined)),
    });
    name = `${stage.registry.host}/team/app`;
    await skopeoPush(SAMPLE, `${name}:v1`);
  });

  beforeEach(async () => {
    storing = async () => undefined;
    count += 1;
    topic = `gcr-${count}`;
    subscription = `reviews-${count}`;
    await emulator.createTopic(topic);
    await emulator.createPullSubscription(subscription, topic);
    await stage.withdrawAll();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()));
  });

  afterAll(async () => {
    await stage?.close();
    await emulator?.close();
  });

  async function subscribe(more = "", args?: readonly string[]): Promise<SubscriberProcess> {
    const config = await stage.configure({ more });
    const started = await startSubscriber({
      config,
      emulator: emulator.host,
      args: args ?? ["-p", project, "-s", subscription],
    });
    running.push(started);
    return started;
  }

  function publish(event: unknown): Promise<string> {
    return emulator.publish(topic, typeof event === "string" ? event : JSON.stringify(event));
  }

  /** Waits until each message was settled with `status` by one of the subscribers. */
  function settled(ids: readonly string[], by: readonly SubscriberProcess[], status = 204): Promise<void> {
    return vi.waitFor(
      () => {
        const deliveries = by.flatMap((one) => one.deliveries).filter((one) => one.status === status);
        const done = new Set(deliveries.map(({ messageId }) => messageId));
        expect(ids.filter((id) => !done.has(id))).toEqual([]);
      },
      { timeout: 90_000, interval: 50 }, // a lease that nobody renews any more ends within a minute
    );
  }

  it("attests what is announced, platform by platform, as onPush does", async () => {
    const subscriber = await subscribe();
    const ids = [await publish(pushEvent(name, INDEX, "v1"))];

    await settled(ids, [subscriber]);

    expect(attested(stage)).toEqual(OWED);
    expect(subscriber.deliveries[0]).toMatchObject({ image: `${name}@${INDEX}`, status: 204 });
    expect(subscriber.deliveries[0]?.verdict?.platforms).toHaveLength(4);
  });

  it("takes project, subscription and time from the configuration", async () => {
    const more = `[pubsub]\nproject = "${project}"\nsubscription = "${subscription}"\ntimeout = 30\n`;
    const subscriber = await subscribe(more, []);
    const ids = [await publish(pushEvent(name, AMD64))];

    await settled(ids, [subscriber]);

    expect(checksAttested(stage, AMD64)).toEqual(["diy", "nobody"]);
  });

  it("settles by the same table: ignores, and copies what is malformed to the dead-letter topic", async () => {
    await emulator.createTopic(`dead-${count}`);
    await emulator.createPullSubscription(`graveyard-${count}`, `dead-${count}`);
    const more = `[events]\ndead_letter_topic = "${emulator.topicName(`dead-${count}`)}"\n`;
    const subscriber = await subscribe(more);
    const ignored = await publish({ action: "DELETE", digest: `${name}@${AMD64}` });
    const malformed = await publish("{not json");

    await settled([ignored, malformed], [subscriber]);

    expect(subscriber.deliveries.find(({ messageId }) => messageId === ignored)?.outcome).toBe("ignored");
    expect(await emulator.pull(`graveyard-${count}`)).toMatchObject([
      { data: "{not json", attributes: { "voucher-reason": "malformed", "voucher-event-id": malformed } },
    ]);
    expect(attested(stage)).toEqual([]);
  });

  it("gives a message back whose image is not there yet, and attests once it is", async () => {
    const subscriber = await subscribe();
    const ids = [await publish(pushEvent(name, LATE.root.digest))];
    await settled(ids, [subscriber], 503);
    expect(checksAttested(stage, LATE.root.digest)).toEqual([]);

    await skopeoPush(LATE, `${name}:late`);
    await settled(ids, [subscriber]);

    expect(checksAttested(stage, LATE.root.digest)).toEqual(["diy", "nobody"]);
  });

  it("gives a message back whose review takes longer than --timeout", async () => {
    const gate = Promise.withResolvers<undefined>();
    storing = () => gate.promise;
    const more = "[pubsub]\ntimeout = 200\n";
    const subscriber = await subscribe(more, ["-p", project, "-s", subscription, "--timeout", "1"]);

    await settled([await publish(pushEvent(name, AMD64))], [subscriber], 503);
    gate.resolve(undefined);

    expect(subscriber.deliveries[0]?.reason).toBe(
      "the review was not done within 1 s; limits.timeout_seconds (pubsub.timeout, where a subscription is pulled) allows more",
    );
  });

  it("leaves one attestation per digest and check, with two that share the work", async () => {
    const two = await Promise.all([subscribe(), subscribe()]);
    // A stream that is open already gets all there is, so both have to be: each has had one of these then.
    await vi.waitFor(
      async () => {
        await publish({ action: "DELETE", digest: `${name}@${AMD64}` });
        for (const { deliveries } of two) expect(deliveries.length).toBeGreaterThan(0);
      },
      { timeout: 15_000, interval: 100 },
    );
    const children = [AMD64, ARM64, ARM, S390X].map((digest) => pushEvent(name, digest));
    const round = [...children, pushEvent(name, INDEX, "v1")];
    const events = Array.from({ length: 6 }, () => round).flat();

    const ids = await Promise.all(events.map(publish));
    await settled(ids, two);

    // Which of the two gets how many is Pub/Sub's affair.
    expect(attested(stage)).toEqual(OWED);
  });

  it("loses nothing when it is killed in the middle of a review: another gets the message", async () => {
    const writing = Promise.withResolvers<void>();
    const death = Promise.withResolvers<void>();
    let isFirst = true;
    storing = async () => {
      if (!isFirst) return undefined;
      isFirst = false;
      writing.resolve();
      await death.promise;
      return "drop";
    };
    const first = await subscribe();
    const ids = [await publish(pushEvent(name, INDEX, "v1"))];
    await writing.promise;

    first.process.signal("SIGKILL");
    await first.process.ended;
    death.resolve();
    expect(attested(stage)).toEqual([]);
    const second = await subscribe();
    await settled(ids, [second]);

    expect(attested(stage)).toEqual(OWED);
  }, 120_000);

  it.each([
    ["SIGTERM", 0],
    ["SIGINT", 130],
  ] as const)("finishes what is in flight at %s, and ends with %i", async (signal, code) => {
    const writing = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<undefined>();
    storing = () => {
      writing.resolve();
      return gate.promise;
    };
    const subscriber = await subscribe();
    await publish(pushEvent(name, AMD64));
    await writing.promise;

    subscriber.process.signal(signal);
    await vi.waitFor(
      () => expect(subscriber.process.lines.join("\n")).toContain('"message":"stopping"'),
      5_000,
    );
    const late = await publish(pushEvent(name, ARM64));
    gate.resolve(undefined);

    expect(await subscriber.process.ended).toEqual({ code, signal: null });
    expect(subscriber.deliveries).toMatchObject([{ outcome: "attested", status: 204 }]);
    expect(checksAttested(stage, AMD64)).toEqual(["diy", "nobody"]);
    expect(subscriber.deliveries.map(({ messageId }) => messageId)).not.toContain(late);
    expect(await emulator.pull(subscription)).toHaveLength(1);
  });

  it("says at its end, as JSON, what became of the messages", async () => {
    const subscriber = await subscribe("", ["-p", project, "-s", subscription, "--json"]);
    await settled([await publish(pushEvent(name, AMD64))], [subscriber]);

    subscriber.process.signal("SIGTERM");
    await subscriber.process.ended;

    expect(JSON.parse(subscriber.process.lines.at(-1) ?? "")).toEqual({
      received: 1,
      acknowledged: 1,
      released: 0,
    });
  });

  it.each([
    ["no subscription", 2, "pubsub.subscription", []],
    ["a subscription without a project", 2, "lacks its project", ["-s", "reviews"]],
    ["a subscription that is none", 2, "is no subscription", ["-p", "p", "-s", "a/b"]],
    ["a subscription that does not exist", 3, "never-made does not exist", ["-p", "p", "-s", "never-made"]],
  ] as const)("ends with a sentence where it is given %s", async (_what, code, sentence, args) => {
    const config = await stage.configure();

    const result = await voucher(["subscribe", "-c", config, "-q", ...args], {
      cwd: stage.folder,
      env: { PUBSUB_EMULATOR_HOST: emulator.host, METADATA_SERVER_DETECTION: "none" },
    });

    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(sentence);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });
});
