import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { formatReference } from "../../lib/image/reference.ts";
import type { Checkpoint } from "../../lib/replay/checkpoint.ts";
import type { ReplayEvent, Source, Unreadable } from "../../lib/replay/event.ts";
import { parseFilter } from "../../lib/replay/filter.ts";
import { type ReplayRequest, replay, type Sink } from "../../lib/replay/replay.ts";
import type { Outcome } from "../../lib/replay/tally.ts";
import { eventOf, image, push, sourceOf } from "./events.ts";

const events = (count: number) =>
  Array.from({ length: count }, (_, at) => eventOf(push(image(at), `v${at}`)));
const deleted = eventOf(Buffer.from('{"action":"DELETE","tag":"gcr.io/project/app:v1"}'));
const unreadable: Unreadable = {
  key: "?",
  error: new VoucherError("malformed", "it is not JSON"),
  reason: "malformed",
};
const approve: Sink = async () => ({ kind: "approved" });

function memory(done: readonly string[] = []): Checkpoint & { readonly added: readonly string[] } {
  const added: string[] = [];
  return {
    added,
    has: (key) => done.includes(key),
    add: async (key) => void added.push(key),
    close: async () => {},
  };
}

interface Options extends Partial<ReplayRequest> {
  readonly stop?: AbortSignal;
}

async function replaying(source: Source, { stop = new AbortController().signal, ...options }: Options = {}) {
  const outcomes: (readonly [string, Outcome["kind"]])[] = [];
  const sentences: string[] = [];
  const progress: (readonly [number, number | undefined])[] = [];
  const checkpoint = options.checkpoint ?? memory();
  const replayed = await replay(
    {
      source,
      sink: approve,
      lasting: true,
      selection: { filters: [] },
      concurrency: 3,
      discard: false,
      deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
      ...options,
      checkpoint,
    },
    {
      outcome(where, { kind, sentence }) {
        outcomes.push([where, kind]);
        if (sentence !== undefined) sentences.push(sentence);
      },
      progress: (through, of) => void progress.push([through, of]),
    },
    stop,
  );
  return { ...replayed, outcomes, sentences, progress };
}

describe("a replay", () => {
  it("feeds every event to the sink, once, and tells what became of each", async () => {
    const fed: ReplayEvent[] = [];
    const source = sourceOf([...events(5), deleted]);
    const { summary, outcomes, progress, stopped } = await replaying(source, {
      async sink(event) {
        fed.push(event);
        return { kind: fed.length % 2 === 0 ? "rejected" : "approved" };
      },
    });

    expect(fed.map(({ key }) => key).sort()).toEqual(
      events(5)
        .map(({ key }) => key)
        .sort(),
    );
    expect(summary).toMatchObject({ seen: 6, matched: 6, done: 6, approved: 3, rejected: 2, ignored: 1 });
    expect(outcomes).toHaveLength(6);
    expect(outcomes.map(([where]) => where)).toContain(`item 1 (${formatReference(image(0))})`);
    expect(progress.at(-1)).toEqual([6, 6]);
    expect(stopped).toBe(false);
  });

  it("handles so many at once, and no more; what is not begun is not read from its source", async () => {
    let active = 0;
    let most = 0;
    let read = 0;
    const ahead: number[] = [];
    const source = sourceOf(events(40), {
      async before() {
        read += 1;
      },
    });
    let begun = 0;
    await replaying(source, {
      concurrency: 4,
      async sink() {
        begun += 1;
        active += 1;
        most = Math.max(most, active);
        ahead.push(read - begun);
        await sleep(2);
        active -= 1;
        return { kind: "approved" };
      },
    });

    expect(most).toBe(4);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4);
  });

  it("takes only what is selected", async () => {
    const { summary } = await replaying(sourceOf([...events(12), deleted]), {
      selection: { filters: [parseFilter("tag=v1*")] },
    });

    expect(summary).toMatchObject({ seen: 13, matched: 3, done: 3, ignored: 0 });
  });

  it("counts what it leaves out of a window of time because nobody knows when it happened", async () => {
    const [first, second, third] = events(3);
    const time = new Date("2026-11-25T12:00:00Z");
    const source = sourceOf([first, second, third, deleted].flatMap((one) => one ?? []));
    const early = sourceOf([eventOf(push(image(1)), { time })]);
    const since = new Date("2026-11-26T00:00:00Z");
    const filters = [parseFilter("tag=v0"), parseFilter("tag=v1")];

    expect(await replaying(source, { selection: { filters, since } })).toMatchObject({
      untimed: 2,
      summary: { seen: 4, matched: 0 },
    });
    expect(await replaying(early, { selection: { filters: [], since } })).toMatchObject({ untimed: 0 });
    expect(await replaying(source, { selection: { filters } })).toMatchObject({ untimed: 0 });
  });

  it("begins no more events in a second than it may", async () => {
    const started = performance.now();
    await replaying(sourceOf(events(11)), { rate: 50, concurrency: 8 });

    expect(performance.now() - started).toBeGreaterThanOrEqual(190);
  });

  it("counts what cannot be read as failed, and says why", async () => {
    const { summary, sentences, groups } = await replaying(sourceOf([unreadable, ...events(1)]), {
      selection: { filters: [parseFilter("tag=v0")] },
    });

    expect(summary).toMatchObject({ seen: 2, matched: 2, done: 1, failed: 1 });
    expect(sentences).toEqual(["it is not JSON"]);
    const sentence = "it is not JSON";
    expect(groups).toContainEqual({ kind: "failed", reason: "malformed", count: 1, sentence });
  });

  it("replays once what its source has several times, where the source says so", async () => {
    const [one, two] = events(2);
    if (one === undefined || two === undefined) throw new Error("two events are needed");
    const other = { ...one, push: { ...one.push, tag: "latest" } };

    const distinct = await replaying(sourceOf([one, other, two, one], { distinct: true }));
    const all = await replaying(sourceOf([one, other, two, one]));

    expect(distinct.summary).toMatchObject({ seen: 4, matched: 2, done: 2 });
    expect(all.summary).toMatchObject({ seen: 4, matched: 4, done: 4 });
  });

  it("does not lose one under a tag that is selected since it had another before", async () => {
    const [one] = events(1);
    if (one === undefined) throw new Error("an event is needed");
    const latest = { ...one, push: { ...one.push, tag: "latest" } };
    const { summary } = await replaying(sourceOf([one, latest], { distinct: true }), {
      selection: { filters: [parseFilter("tag=latest")] },
    });

    expect(summary).toMatchObject({ seen: 2, matched: 1, done: 1 });
  });
});

describe("an event of a replay", () => {
  it.each<[Outcome["kind"], boolean]>([
    ["approved", true],
    ["rejected", true],
    ["published", true],
    ["ignored", true],
    ["pending", false],
    ["failed", false],
  ])("that is %s is done: %s", async (kind, done) => {
    const source = sourceOf(events(1));
    const checkpoint = memory();
    await replaying(source, { checkpoint, sink: async () => ({ kind }) });

    const [{ key } = { key: "" }] = events(1);
    expect(checkpoint.added).toEqual(done ? [key] : []);
    expect(source.acknowledged).toEqual(done ? [key] : []);
  });

  it("is written down after the work, and taken out of its source after that", async () => {
    const order: string[] = [];
    const [event] = events(1);
    if (event === undefined) throw new Error("an event is needed");
    const source: Source = {
      name: "one",
      distinct: false,
      async *events() {
        yield {
          where: "here",
          through: 1,
          read: () => event,
          acknowledge: async () => void order.push("acknowledged"),
        };
      },
    };
    await replaying(source, {
      async sink() {
        await sleep(5);
        order.push("worked");
        return { kind: "approved" };
      },
      checkpoint: {
        ...memory(),
        async add() {
          await sleep(5);
          order.push("written");
        },
      },
    });

    expect(order).toEqual(["worked", "written", "acknowledged"]);
  });

  it("that an earlier run did is passed over, and taken out of its source", async () => {
    const [first, second] = events(2);
    const source = sourceOf(events(2));
    const fed: string[] = [];
    const { summary } = await replaying(source, {
      checkpoint: memory([first?.key ?? ""]),
      async sink({ key }) {
        fed.push(key);
        return { kind: "approved" };
      },
    });

    expect(fed).toEqual([second?.key]);
    expect(summary).toMatchObject({ seen: 2, matched: 2, done: 1, resumed: 1 });
    expect(source.acknowledged).toHaveLength(2);
  });
});

describe("what cannot be read and may be discarded", () => {
  const filters = (...texts: readonly string[]) => ({ selection: { filters: texts.map(parseFilter) } });

  it("is taken out of its source", async () => {
    const source = sourceOf([unreadable]);
    const { summary, groups } = await replaying(source, { discard: true });

    expect(summary).toMatchObject({ failed: 0, ignored: 1, done: 1 });
    const sentence = "it is not JSON";
    expect(groups).toEqual([{ kind: "ignored", reason: "discarded: malformed", count: 1, sentence }]);
    expect(source.acknowledged).toEqual(["?"]);
  });

  it("stays where nobody knows whether it was selected", async () => {
    const source = sourceOf([unreadable]);
    const { summary } = await replaying(source, { discard: true, ...filters("repository=gcr.io/*") });

    expect(summary).toMatchObject({ failed: 1, done: 0 });
    expect(source.acknowledged).toEqual([]);
  });

  it("is taken out where its reason was asked for", async () => {
    const source = sourceOf([unreadable]);
    await replaying(source, { discard: true, ...filters("reason=malformed") });

    expect(source.acknowledged).toEqual(["?"]);
  });
});

describe("a replay without a sink", () => {
  it("tells what would be replayed, by its reason or its repository, and does nothing", async () => {
    const dead = eventOf(push(image(9)), { reason: "waited", detail: "no scan in 60 minutes" });
    const source = sourceOf([...events(2), dead, deleted, unreadable]);
    const checkpoint = memory([events(1)[0]?.key ?? ""]);
    const { summary, groups } = await replaying(source, { sink: undefined, checkpoint, discard: true });

    expect(summary).toMatchObject({ seen: 5, matched: 5, resumed: 1, approved: 0 });
    const sentence = "no scan in 60 minutes";
    expect(groups).toContainEqual({ kind: "selected", reason: "waited", count: 1, sentence });
    expect(groups).toContainEqual({ kind: "selected", reason: "gcr.io/project/app", count: 1 });
    expect(checkpoint.added).toEqual([]);
    expect(source.acknowledged).toEqual([]);
  });
});

describe("a replay whose sink does nothing that lasts", () => {
  it("tells what became of events, and counts none as done for the next run or for their source", async () => {
    const source = sourceOf([...events(2), deleted]);
    const checkpoint = memory([events(1)[0]?.key ?? ""]);
    const { summary } = await replaying(source, { lasting: false, checkpoint });

    expect(summary).toMatchObject({ seen: 3, resumed: 1, approved: 1, ignored: 1 });
    expect(checkpoint.added).toEqual([]);
    expect(source.acknowledged).toEqual([]);
  });
});

describe("a replay that is stopped", () => {
  it("finishes what is in flight, begins nothing more, and says so", async () => {
    const stop = new AbortController();
    const source = sourceOf(events(50));
    const checkpoint = memory();
    let begun = 0;
    const { summary, stopped } = await replaying(source, {
      stop: stop.signal,
      checkpoint,
      async sink() {
        begun += 1;
        if (begun === 3) stop.abort();
        await sleep(20);
        return { kind: "approved" };
      },
    });

    expect(stopped).toBe(true);
    expect(begun).toBe(3);
    expect(summary).toMatchObject({ done: 3, approved: 3 });
    expect(checkpoint.added).toHaveLength(3);
  });

  it("does not begin what waits for its turn", async () => {
    const stop = new AbortController();
    let begun = 0;
    const running = replaying(sourceOf(events(5)), {
      stop: stop.signal,
      rate: 0.01,
      async sink() {
        begun += 1;
        setTimeout(() => stop.abort(), 10);
        return { kind: "approved" };
      },
    });

    expect((await running).summary).toMatchObject({ approved: 1 });
    expect(begun).toBe(1);
  });
});

describe("a replay that cannot go on", () => {
  it("throws what the source throws, after what is in flight is finished", async () => {
    const finished: string[] = [];
    const source = sourceOf(events(5), {
      async before(at) {
        if (at === 2) throw new VoucherError("unavailable", "the list broke off");
      },
    });
    const running = replaying(source, {
      async sink({ key }) {
        await sleep(20);
        finished.push(key);
        return { kind: "approved" };
      },
    });

    await expect(running).rejects.toThrow("the list broke off");
    expect(finished).toHaveLength(2);
  });

  it("throws what the sink throws, and begins nothing more", async () => {
    let begun = 0;
    const running = replaying(sourceOf(events(50)), {
      async sink() {
        begun += 1;
        throw new VoucherError("not-found", "the topic does not exist");
      },
    });

    await expect(running).rejects.toThrow("the topic does not exist");
    expect(begun).toBeLessThanOrEqual(3);
  });

  it("throws where the checkpoint cannot be written, and takes nothing out of its source", async () => {
    const source = sourceOf(events(3));
    const full = async () => {
      throw new VoucherError("internal", "no space left on device");
    };

    await expect(replaying(source, { checkpoint: { ...memory(), add: full } })).rejects.toThrow(
      "no space left",
    );
    expect(source.acknowledged).toEqual([]);
  });
});
