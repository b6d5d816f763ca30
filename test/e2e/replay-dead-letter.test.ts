import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sampleImage } from "../../lib/local/samples.ts";
import { deliver } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { runOrThrow } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { type ReplayProcess, replay, startReplay } from "../support/replay-process.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const WAITED = { "voucher-reason": "waited", "voucher-first-seen": "2026-11-01T00:00:00.000Z", origin: "ci" };

describeWith(["docker-registry", "skopeo", "pubsub-emulator"], "replaying dead letters", () => {
  let emulator: PubSubEmulator;
  let stage: Stage;
  let name: string;
  let config: string;
  let env: { readonly [name: string]: string };
  let serial = 0;
  const running: ReplayProcess[] = [];

  beforeAll(async () => {
    emulator = await startPubSubEmulator();
    env = { PUBSUB_EMULATOR_HOST: emulator.host };
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    config = await stage.configure();
  }, 120_000);

  afterAll(async () => {
    await Promise.all(running.map(({ process }) => process.close()));
    await stage?.close();
    await emulator?.close();
  });

  const options = () => ({ config, cwd: stage.folder, env });
  const event = (digest: string, tag?: string) => JSON.stringify(pushEvent(name, digest, tag));

  /** An image that no other test has; it is not pushed yet. */
  function image() {
    serial += 1;
    const sample = sampleImage({ platform: "linux/amd64", user: "10001", files: { serial: `${serial}` } });
    const tag = `v${serial}`;
    const { digest } = sample.root;
    return { digest, tag, event: event(digest), push: () => skopeoPush(sample, `${name}:${tag}`) };
  }

  async function pushed() {
    const one = image();
    await one.push();
    return one;
  }

  /** A dead-letter topic and its subscription, of a test's own. */
  async function graveyard() {
    serial += 1;
    const topic = `dead-${serial}`;
    const subscription = `graveyard-${serial}`;
    await emulator.createTopic(topic);
    await emulator.createPullSubscription(subscription, topic);
    const start = async (...args: readonly string[]) => {
      const from = ["--dead-letter", emulator.subscriptionName(subscription)];
      const started = await startReplay([...from, ...args], options());
      running.push(started);
      return started;
    };
    return {
      topic: emulator.topicName(topic),
      subscription: emulator.subscriptionName(subscription),
      bury: (data: string, attributes?: { readonly [name: string]: string }) =>
        emulator.publish(topic, data, attributes),
      start,
      finish: async (...args: readonly string[]) => (await start(...args)).finish(),
      /** What is left, by its data. */
      left: async () => (await emulator.pull(subscription)).map(({ data }) => data).sort(),
    };
  }

  const isAttested = (digest: string) => checksAttested(stage, digest).join() === "diy,nobody";
  const untilAttested = (digest: string) =>
    vi.waitFor(() => expect(isAttested(digest)).toBe(true), { timeout: 20_000, interval: 10 });

  // Each waits ten quiet seconds or more, so they wait together.
  it.concurrent("reviews them here, and takes out what was decided", async () => {
    const [one, gone, { bury, finish, left }] = [await pushed(), image(), await graveyard()];
    await bury(one.event, WAITED);
    await bury(JSON.stringify({ action: "DELETE", tag: `${name}:v0` }));
    await bury(gone.event, { "voucher-reason": "attempts" });

    const { code, summary, lines } = await finish();

    expect(summary).toMatchObject({ seen: 3, matched: 3, approved: 1, ignored: 1, failed: 1 });
    expect(code).toBe(3);
    expect(lines.some((line) => /^voucher: message \d+ \(.*\): can't read/.test(line))).toBe(true);
    expect(isAttested(one.digest)).toBe(true);
    expect(await left()).toEqual([gone.event]);
  });

  it.concurrent("lists them by their reasons, reviews none and takes none out", async () => {
    const [one, { bury, finish, left }] = [await pushed(), await graveyard()];
    await bury(one.event, WAITED);
    await bury(image().event, WAITED);
    await bury(image().event, { "voucher-reason": "attempts" });

    const { code, summary, lines } = await finish("--dry-run");

    expect(summary).toMatchObject({ seen: 3, matched: 3, done: 0 });
    expect(code).toBe(0);
    expect(lines.join("\n")).toMatch(/would be replayed\s+│ waited\s+│\s+2/);
    expect(lines.join("\n")).toMatch(/would be replayed\s+│ attempts\s+│\s+1/);
    expect(isAttested(one.digest)).toBe(false);
    expect(await left()).toHaveLength(3);
  });

  it.concurrent("publishes them to a topic as they first were, and leaves what was not asked for", async () => {
    const [one, other, { bury, finish, left }] = [image(), image(), await graveyard()];
    await emulator.createTopic("replayed");
    await emulator.createPullSubscription("replayed-pushes", "replayed");
    const id = await bury(one.event, WAITED);
    await bury(other.event, { "voucher-reason": "attempts" });
    await bury("{malformed", { "voucher-reason": "malformed" });

    const { code, summary } = await finish(
      "--to-topic",
      emulator.topicName("replayed"),
      "--filter",
      "reason=waited",
    );

    expect(summary).toMatchObject({ seen: 3, matched: 1, done: 1, approved: 0, rejected: 0 });
    expect(code).toBe(0);
    expect(await emulator.pull("replayed-pushes")).toEqual([
      { data: one.event, attributes: { origin: "ci", "voucher-event-id": id } },
    ]);
    expect(await left()).toEqual(["{malformed", other.event].sort());
  });

  it.concurrent("takes out what holds no event only where it is told to", async () => {
    const [one, { bury, finish, left }] = [await pushed(), await graveyard()];
    await bury("{malformed", { "voucher-reason": "malformed" });
    await bury(one.event, WAITED);

    const kept = await finish();
    expect(kept).toMatchObject({ code: 3, summary: { approved: 1, failed: 1 } });

    const discarded = await finish("--discard", "--filter", "reason=malformed");
    expect(discarded).toMatchObject({ code: 0, summary: { seen: 1, ignored: 1, failed: 0 } });
    expect(await left()).toEqual([]);
  }, 90_000);

  it.concurrent("leaves what is published after it started", async () => {
    const [one, later, { bury, start, left }] = [await pushed(), await pushed(), await graveyard()];
    await bury(one.event, WAITED);
    const started = await start();
    await untilAttested(one.digest);
    await bury(later.event, WAITED);

    const { summary } = await started.finish();

    expect(summary).toMatchObject({ seen: 1, approved: 1 });
    expect(isAttested(later.digest)).toBe(false);
    expect(await left()).toEqual([later.event]);
  });

  it.concurrent("holds what it was not asked for until its end, and then lets go of it at once", async () => {
    const [one, other, { bury, start, left }] = [await pushed(), image(), await graveyard()];
    await bury(one.event, WAITED);
    await bury(other.event, { "voucher-reason": "attempts" });
    const started = await start("--filter", "reason=waited");
    await untilAttested(one.digest);

    expect(await left()).toEqual([]);
    await started.finish();

    expect(await left()).toEqual([other.event]);
  });

  it.concurrent("finishes what is in flight at Ctrl-C, lets go of the rest, and goes on in the next run", async () => {
    const images = [await pushed(), await pushed(), await pushed()];
    const { bury, start, finish, left } = await graveyard();
    for (const one of images) await bury(one.event, WAITED);
    const args = ["--concurrency", "1", "--rate", "1", "--checkpoint", join(stage.folder, "dead.checkpoint")];
    const started = await start(...args);
    await vi.waitFor(() => expect(images.some(({ digest }) => isAttested(digest))).toBe(true), {
      timeout: 20_000,
      interval: 10,
    });

    started.process.signal("SIGINT");
    const first = await started.finish();

    expect(first.code).toBe(130);
    const done = first.summary?.approved ?? 0;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(3);
    const second = await finish(...args);
    expect(second).toMatchObject({ code: 0, summary: { approved: 3 - done, failed: 0 } });
    expect(images.every(({ digest }) => isAttested(digest))).toBe(true);
    expect(await left()).toEqual([]);
  }, 90_000);

  it.concurrent("ends with a sentence where the topic does not exist, and takes nothing out", async () => {
    const [one, { bury, finish, left }] = [image(), await graveyard()];
    await bury(one.event, WAITED);

    const { code, summary, lines } = await finish("--to-topic", emulator.topicName("never-made"));

    expect({ code, summary }).toEqual({ code: 3, summary: undefined });
    expect(lines).toEqual([
      `voucher: ${emulator.topicName("never-made")} does not exist; create it, or correct its name`,
    ]);
    expect(await left()).toEqual([one.event]);
  });

  it.concurrent("ends with a sentence where the subscription does not exist", async () => {
    const nowhere = ["--dead-letter", emulator.subscriptionName("never-made")];
    const { code, lines } = await replay(nowhere, options());

    expect(code).toBe(3);
    expect(lines).toEqual([
      `voucher: ${emulator.subscriptionName("never-made")} does not exist; create it, or correct its name`,
    ]);
  });

  it.concurrent("finishes what the worker had given up, once its image is there", async () => {
    const [late, { topic, finish, left }] = [image(), await graveyard()];
    const more = `[events]\ndead_letter_topic = "${topic}"\nmax_attempts = 5\n`;
    const own = { ...env, METADATA_SERVER_DETECTION: "none" };
    const onPush = await stage.startFunction(await stage.configure({ more }), own);
    const event = pushEvent(name, late.digest, late.tag);
    expect(await deliver(onPush, event, { messageId: "77", deliveryAttempt: 5 })).toBe(204);
    const listed = await finish("--dry-run");
    expect(listed.lines.join("\n")).toMatch(/would be replayed\s+│ attempts\s+│\s+1/);

    await late.push();
    const { code, summary } = await finish("--filter", "reason=attempts");

    expect({ code, summary }).toMatchObject({ code: 0, summary: { approved: 1 } });
    expect(isAttested(late.digest)).toBe(true);
    expect(await left()).toEqual([]);
  }, 90_000);

  it.concurrent("publishes the events of a file once each, over an interruption, in a topic's short name", async () => {
    await emulator.createTopic("from-a-file");
    await emulator.createPullSubscription("from-a-file-pushes", "from-a-file");
    const images = Array.from({ length: 60 }, image);
    const file = join(stage.folder, "to-topic.jsonl");
    await writeFile(file, images.map((one) => `${one.event}\n`).join(""));
    const args = ["--file", file, "--to-topic", "from-a-file", "--rate", "20"];
    const checkpoint = ["--checkpoint", join(stage.folder, "to-topic.checkpoint")];
    const project = emulator.topicName("").split("/")[1] ?? "";
    const own = { ...options(), env: { ...env, GOOGLE_CLOUD_PROJECT: project } };
    const interrupted = await startReplay([...args, ...checkpoint], own);
    running.push(interrupted);
    const received: string[] = [];
    await vi.waitFor(
      async () => {
        received.push(...(await emulator.pull("from-a-file-pushes")).map(({ data }) => data));
        expect(received.length).toBeGreaterThan(5);
      },
      { timeout: 20_000, interval: 50 },
    );

    interrupted.process.signal("SIGINT");
    const first = await interrupted.finish();
    const second = await replay([...args, ...checkpoint], own);

    const { done = 0 } = first.summary ?? {};
    expect(first.code).toBe(130);
    expect(done).toBeLessThan(60);
    expect(second).toMatchObject({ code: 0, summary: { seen: 60, resumed: done, done: 60 - done } });
    received.push(...(await emulator.pull("from-a-file-pushes")).map(({ data }) => data));
    expect(received.sort()).toEqual(images.map((one) => one.event).sort());
  }, 60_000);

  it.concurrent("reads them from a file as gcloud pulled them", async () => {
    const [one, other, { bury, subscription }] = [await pushed(), image(), await graveyard()];
    await bury(one.event, WAITED);
    await bury(other.event, { "voucher-reason": "attempts" });
    const pulled = await runOrThrow(
      "gcloud",
      ["pubsub", "subscriptions", "pull", subscription, "--limit=10", "--format=json"],
      {
        env: {
          HOME: stage.folder,
          CLOUDSDK_CONFIG: stage.folder,
          CLOUDSDK_CORE_DISABLE_PROMPTS: "1",
          CLOUDSDK_AUTH_DISABLE_CREDENTIALS: "true",
          CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB: `http://${emulator.host}/`,
        },
      },
    );
    const whole = join(stage.folder, "pulled.json");
    await writeFile(whole, pulled);
    const events = join(stage.folder, "pulled.jsonl");
    const each: readonly unknown[] = JSON.parse(pulled);
    await writeFile(events, each.map((message) => `${JSON.stringify(message)}\n`).join(""));

    const refused = await replay(["--file", whole], options());
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.lines.join()).toContain("jq -c '.[]'");
    const { code, summary } = await replay(["--file", events, "--filter", "reason=waited"], options());

    expect({ code, summary }).toMatchObject({ code: 0, summary: { seen: 2, matched: 1, approved: 1 } });
    expect(isAttested(one.digest)).toBe(true);
  });
});
