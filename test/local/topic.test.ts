import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, type LocalRequest, type LocalServer, listen } from "../../lib/local/server.ts";
import { PushTopic, type TopicOptions } from "../../lib/local/topic.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close();
});

type Endpoint = (request: LocalRequest, nth: number) => number | "drop" | Promise<number>;

interface Received {
  readonly at: number;
  readonly request: LocalRequest;
}

/** Starts a topic and the endpoint that it delivers to. */
async function start(endpoint: Endpoint, options: TopicOptions = {}) {
  const received: Received[] = [];
  const before = async (request: LocalRequest): Promise<Answer | "drop"> => {
    received.push({ at: performance.now(), request });
    const status = await endpoint(request, received.length);
    return status === "drop" ? "drop" : { status };
  };
  const answer = (): Answer => ({ status: 500 });
  const server: LocalServer = await listen({ kindOf: () => "push", answer, refuse: answer }, { before });
  const topic = new PushTopic({ minBackoffMs: 5, maxBackoffMs: 20, ...options });
  open.push(server, topic);
  topic.deliverTo(`${server.url}/push`);
  return { topic, server, received };
}

function envelopeOf(received: Received | undefined) {
  return JSON.parse(received?.request.body.toString() ?? "null");
}

describe("a published message", () => {
  it("arrives as Pub/Sub's raw push envelope", async () => {
    const { topic, received } = await start(() => 204);

    const messageId = topic.publish("hello", { origin: "test" });
    await topic.idle();

    expect(received[0]?.request).toMatchObject({ method: "POST", path: "/push" });
    expect(received[0]?.request.headers["content-type"]).toBe("application/json");
    expect(envelopeOf(received[0])).toEqual({
      message: {
        data: Buffer.from("hello").toString("base64"),
        messageId,
        publishTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/),
        attributes: { origin: "test" },
      },
      subscription: "projects/local/subscriptions/push",
    });
  });

  it("arrives as bytes where it was published as bytes", async () => {
    const { topic, received } = await start(() => 204);

    topic.publish(Uint8Array.of(0, 255));
    await topic.idle();

    expect(envelopeOf(received[0]).message.data).toBe("AP8=");
  });

  it.each([200, 201, 202, 204])("is acknowledged by %i", async (status) => {
    const { topic } = await start(() => status);

    const messageId = topic.publish("hello");
    await topic.idle();

    expect(topic.deliveries).toEqual([{ messageId, attempt: 1, status }]);
  });

  it.each([203, 302, 400, 404, 429, 500, 503])("is delivered again after %i", async (status) => {
    const { topic } = await start((_request, nth) => (nth === 1 ? status : 204));

    const messageId = topic.publish("hello");
    await topic.idle();

    expect(topic.deliveries).toEqual([
      { messageId, attempt: 1, status },
      { messageId, attempt: 2, status: 204 },
    ]);
  });

  it("is delivered again after a broken connection", async () => {
    const { topic } = await start((_request, nth) => (nth === 1 ? "drop" : 204));

    topic.publish("hello");
    await topic.idle();

    expect(topic.deliveries[0]).toEqual({
      messageId: "1",
      attempt: 1,
      error: expect.stringContaining("fetch failed"),
    });
    expect(topic.deliveries[1]?.status).toBe(204);
  });

  it("is delivered again when the endpoint does not answer within the deadline", async () => {
    const never = () => new Promise<number>(() => undefined);
    const { topic } = await start((_request, nth) => (nth === 1 ? never() : 204), { ackDeadlineMs: 50 });

    topic.publish("hello");
    await topic.idle();

    expect(topic.deliveries.map(({ status }) => status)).toEqual([undefined, 204]);
  });

  it("is not kept for an endpoint that is named later", async () => {
    const topic = new PushTopic();
    open.push(topic);

    topic.publish("hello");

    expect(topic.outstanding).toBe(0);
  });
});

describe("the back-off", () => {
  it("doubles with each attempt up to its largest", async () => {
    const { topic, received } = await start((_request, nth) => (nth < 5 ? 503 : 204), {
      minBackoffMs: 30,
      maxBackoffMs: 60,
    });

    topic.publish("hello");
    await topic.idle();

    const waits = received.slice(1).map(({ at }, index) => at - (received[index]?.at ?? 0));
    expect(waits).toHaveLength(4);
    for (const [index, least] of [30, 60, 60, 60].entries()) expect(waits[index]).toBeGreaterThan(least - 5);
    expect(waits[3]).toBeLessThan(240);
  });

  it("holds no other message up", async () => {
    const refused = (request: LocalRequest) => envelopeOf({ at: 0, request }).message.messageId === "1";
    const { topic } = await start((request) => (refused(request) ? 503 : 204), {
      minBackoffMs: 60_000,
      maxBackoffMs: 60_000,
      concurrency: 1,
    });

    topic.publish("refused");
    topic.publish("accepted");
    while (topic.outstanding > 1) await sleep(5);

    expect(topic.deliveries.map(({ messageId, status }) => [messageId, status])).toEqual([
      ["1", 503],
      ["2", 204],
    ]);
  });
});

describe("a topic with a place for dead letters", () => {
  it("counts attempts in the envelope and gives a message up after the last", async () => {
    const { topic, received } = await start(() => 503, { maxAttempts: 3 });

    topic.publish("hello", { origin: "test" });
    await topic.idle();

    expect(received.map((each) => envelopeOf(each).deliveryAttempt)).toEqual([1, 2, 3]);
    expect(topic.deadLetters).toMatchObject([
      { messageId: "1", data: Buffer.from("hello"), attributes: { origin: "test" } },
    ]);
  });
});

describe("deliveries", () => {
  it("run at most so many at once", async () => {
    const { topic, server } = await start(() => sleep(20, 204), { concurrency: 3 });

    for (let count = 0; count < 10; count += 1) topic.publish("hello");
    await topic.idle();

    expect(server.traffic.peak).toBe(3);
    expect(topic.deliveries).toHaveLength(10);
  });

  it("are repeated where duplicates are asked for", async () => {
    const { topic, received } = await start(() => 204, { copies: 5 });

    topic.publish("hello");
    await topic.idle();

    expect(received.map((each) => envelopeOf(each).message.messageId)).toEqual(Array(5).fill("1"));
  });
});

describe("a topic that is closed", () => {
  it("gives up what is running, waiting for its turn and waiting to be repeated", async () => {
    const never = () => new Promise<number>(() => undefined);
    const { topic, received } = await start((_request, nth) => (nth === 1 ? 503 : never()), {
      concurrency: 1,
      minBackoffMs: 60_000,
      maxBackoffMs: 60_000,
    });
    for (let count = 0; count < 3; count += 1) topic.publish("hello");
    while (received.length < 2) await sleep(5);
    const idle = topic.idle();

    await topic.close();

    await idle;
    expect(topic.outstanding).toBe(0);
    expect(topic.publish("late")).toBe("4");
    expect(received).toHaveLength(2);
  });
});
