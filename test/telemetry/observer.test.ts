import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Took } from "../../lib/ports.ts";
import { createJsonLog } from "../../lib/telemetry/json-log.ts";
import { createObserver } from "../../lib/telemetry/observer.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { memoryBackend } from "../support/memory-backend.ts";

const TRACE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", sampled: true };
const EVENT = { name: "push event", kind: "message", trace: TRACE } as const;

/** An observer without a backend, and the lines that it logs. */
function plain() {
  const lines: { readonly [field: string]: unknown }[] = [];
  const log = createJsonLog({ project: "p", write: (line) => void lines.push(JSON.parse(line)) });
  return { observer: createObserver({ log }), lines };
}

describe("a whole that is followed", () => {
  it("knows how long each of its stages took, and whom it asked how often", async () => {
    const { observer } = plain();
    const took = await observer.follow(EVENT, async (trail) => {
      await observer.stage("resolve", async () => {
        observer.request("registry");
        observer.request("registry");
        await sleep(30);
      });
      await observer.stage("sign", async () => observer.request("kms"));
      await observer.stage("resolve", () => sleep(30));
      return trail.took();
    });
    expect(took.requests).toEqual({ registry: 2, kms: 1 });
    expect(Object.keys(took.durations)).toEqual(["resolve", "sign"]);
    expect(took.durations.resolve).toBeGreaterThanOrEqual(58);
    expect(took.durations.resolve).toBeLessThan(1_000);
    expect(took.durations.sign).toBeLessThan(30);
  });

  it("counts the time of a stage once, however many are at work in it", async () => {
    const { observer } = plain();
    const { durations } = await observer.follow(EVENT, async (trail) => {
      await Promise.all(Array.from({ length: 20 }, () => observer.stage("evidence", () => sleep(40))));
      return trail.took();
    });
    expect(durations.evidence).toBeGreaterThanOrEqual(39);
    expect(durations.evidence).toBeLessThan(400);
  });

  it("is apart from another that runs at the same time", async () => {
    const { observer } = plain();
    const follow = (requests: number): Promise<Took> =>
      observer.follow(EVENT, async (trail) => {
        for (let at = 0; at < requests; at += 1) {
          await sleep(2);
          observer.request("store");
        }
        return trail.took();
      });
    const [one, other] = await Promise.all([follow(3), follow(5)]);
    expect([one.requests.store, other.requests.store]).toEqual([3, 5]);
  });

  it("is one with what is followed inside it", async () => {
    const { observer } = plain();
    const took = await observer.follow(EVENT, async (outer) => {
      await observer.follow({ name: "check", kind: "command" }, async () => observer.request("registry"));
      return outer.took();
    });
    expect(took.requests).toEqual({ registry: 1 });
  });

  it("returns and throws what its work does", async () => {
    const { observer } = plain();
    const fault = new Error("no");
    await expect(observer.follow(EVENT, async () => 7)).resolves.toBe(7);
    await expect(observer.follow(EVENT, () => Promise.reject(fault))).rejects.toBe(fault);
    await expect(observer.stage("judge", () => Promise.reject(fault))).rejects.toBe(fault);
  });

  it("lends its trace to each entry that is logged meanwhile, whoever logs it", async () => {
    const { observer, lines } = plain();
    await observer.follow(EVENT, async () => {
      await sleep(1);
      observer.record("WARNING", "an occurrence cannot be read", {});
    });
    observer.record("INFO", "afterwards", {});
    expect(lines[0]).toMatchObject({
      "logging.googleapis.com/trace": `projects/p/traces/${TRACE.traceId}`,
      "logging.googleapis.com/spanId": TRACE.spanId,
      "logging.googleapis.com/trace_sampled": true,
    });
    expect(lines[1]).not.toHaveProperty("logging.googleapis.com/trace");
  });
});

describe("a backend", () => {
  /** An observer with a backend in memory, and the words that it logs. */
  function observing(bounds: { readonly bound?: number; readonly rest?: number } = {}) {
    const log = recordingObserver();
    const backend = memoryBackend();
    return { observer: createObserver({ log, open: async () => backend, ...bounds }), backend, log };
  }

  it("is told of the whole, its stages and its measurements, and is flushed before the whole is over", async () => {
    const { observer, backend } = observing();
    await observer.follow(EVENT, async (trail) => {
      observer.count("message.received");
      const done = observer.time("review.latency");
      await observer.stage("resolve", async () => observer.request("registry"));
      done();
      trail.describe({ outcome: "attested" });
    });
    expect(backend.told).toEqual([
      "begin push event",
      "count message.received",
      "begin resolve",
      "count registry.requests",
      "end resolve",
      "time review.latency ms",
      'describe push event {"outcome":"attested"}',
      "end push event",
    ]);
    expect(backend.flushed).toEqual([8]);
  });

  it("is told which stage failed, and which whole", async () => {
    const { observer, backend } = observing();
    const fail = () => observer.stage("sign", () => Promise.reject(new Error("no key")));
    await expect(observer.follow(EVENT, fail)).rejects.toThrow("no key");
    expect(backend.told).toContain("end sign with Error: no key");
    expect(backend.told).toContain("end push event with Error: no key");
    expect(backend.flushed).toHaveLength(1);
  });

  it("has its own spans in log entries", async () => {
    const backend = memoryBackend();
    const lines: string[] = [];
    const log = createJsonLog({ write: (line) => void lines.push(line) });
    const observer = createObserver({ log, open: async () => backend });
    await observer.follow(EVENT, async () => observer.record("INFO", "x", {}));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ trace: TRACE.traceId, span: "00000000000000aa" });
  });

  it("is flushed once for all that end while it is being flushed", async () => {
    const { observer, backend } = observing({ bound: 2_000 });
    await observer.follow(EVENT, async () => {});
    backend.sending = () => sleep(50);
    await Promise.all(Array.from({ length: 30 }, () => observer.follow(EVENT, async () => {})));
    expect(backend.flushed.length).toBeLessThanOrEqual(3);
    expect(backend.flushed.at(-1)).toBe(backend.told.length);
  });

  it("that is too slow delays the whole no longer than its bound, and is then left alone for a while", async () => {
    const { observer, backend, log } = observing({ bound: 50, rest: 300 });
    backend.sending = () => new Promise(() => {});
    const started = performance.now();
    await observer.follow(EVENT, async () => {});
    expect(performance.now() - started).toBeLessThan(1_000);
    await observer.follow(EVENT, async () => {});
    await observer.follow(EVENT, async () => {});
    expect(backend.flushed).toHaveLength(1);
    expect(log.entries.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      "WARNING telemetry could not be sent",
    ]);
    backend.sending = async () => {};
    await sleep(350);
    await observer.follow(EVENT, async () => {});
    expect(backend.flushed).toHaveLength(2);
  });

  it("that fails, however it does, fails nothing else", async () => {
    const { observer, backend, log } = observing();
    const broken = () => {
      throw new Error("broken");
    };
    Object.assign(backend, { count: broken, time: broken, flush: broken, open: broken });
    const work = async () => {
      observer.count("message.received");
      observer.time("review.latency")();
      return "done";
    };
    await expect(observer.follow(EVENT, work)).resolves.toBe("done");
    expect(log.entries).toHaveLength(1);
  });

  it("that cannot be set up is tried again after a while, and said once", async () => {
    const log = recordingObserver();
    const backend = memoryBackend();
    let tries = 0;
    const open = async () => {
      tries += 1;
      if (tries === 1) throw new Error("its keys are missing");
      return backend;
    };
    const observer = createObserver({ log, open, rest: 50 });
    await observer.follow(EVENT, async () => {});
    await observer.follow(EVENT, async () => {});
    expect(log.entries.map(({ message }) => message)).toEqual(["telemetry cannot be set up"]);
    await sleep(80);
    await observer.follow(EVENT, async () => {});
    expect(backend.told).toEqual(["begin push event", "end push event"]);
  });

  it("that takes long to set up is used as soon as it is there", async () => {
    const backend = memoryBackend();
    const open = () => sleep(60, backend);
    const observer = createObserver({ log: recordingObserver(), open, bound: 20, rest: 1 });
    await expect(observer.follow(EVENT, async () => 1)).resolves.toBe(1);
    await sleep(100);
    await observer.follow(EVENT, async () => {});
    expect(backend.told).toContain("begin push event");
  });

  it("is let go of at the end", async () => {
    const { observer, backend } = observing();
    await observer.follow(EVENT, async () => {});
    await observer.close();
    expect(backend.told.at(-1)).toBe("close");
  });
});
