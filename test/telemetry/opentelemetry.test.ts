import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { parseCollector } from "../../lib/config/collector.ts";
import { VoucherError } from "../../lib/errors.ts";
import { type ClosableObserver, createObserver } from "../../lib/telemetry/observer.ts";
import { createOpenTelemetry } from "../../lib/telemetry/opentelemetry.ts";
import { type Collector, startGrpcCollector, startHttpCollector } from "../support/collector.ts";
import { recordingObserver } from "../support/fake-ports.ts";

const TRACE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", sampled: true };
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function observing(collector: Pick<Collector, "addr">, bound = 5_000): ClosableObserver {
  const observer = createObserver({
    log: recordingObserver(),
    bound,
    open: () =>
      createOpenTelemetry({
        address: parseCollector(collector.addr, true),
        intervalSeconds: 60,
        tags: ["env:test", "team"],
        timeout: bound,
      }),
  });
  open.push(observer);
  return observer;
}

/** One event as the house observes it: every stage, a check that passes and one that cannot be judged. */
async function observeEvent(observer: ClosableObserver, trace = TRACE): Promise<void> {
  await observer.follow({ name: "push event", kind: "message", trace }, async (trail) => {
    observer.count("message.received");
    const done = observer.time("message.latency");
    await observer.stage("resolve", async () => observer.request("registry"));
    await observer.stage("judge", async () => {
      observer.count("check.run.success", { check: "diy" });
      observer.count("pending", { check: "snakeoil", awaiting: "scan" });
      await Promise.all([
        observer.stage("evidence", () => sleep(20)),
        observer.stage("evidence", () => sleep(40)),
      ]);
    });
    const fault = new VoucherError("unavailable", "the store is down");
    await observer.stage("publish", () => Promise.reject(fault)).catch(() => {});
    done();
    trail.describe({ image: "gcr.io/p/app@sha256:1", attempt: undefined, status: 503 });
  });
}

describe.each([
  ["HTTP", startHttpCollector],
  ["gRPC", startGrpcCollector],
])("an OpenTelemetry collector, over %s", (_, start) => {
  it("has a span for each stage below one for the event, in the trace that the event continues", async () => {
    const collector = await start();
    open.push(collector);
    await observeEvent(observing(collector));
    const root = collector.spans.find(({ name }) => name === "push event");
    expect(root).toMatchObject({ traceId: TRACE.traceId, parentId: TRACE.spanId, kind: 5, status: 0 });
    expect(root?.attributes).toEqual({ "voucher.image": "gcr.io/p/app@sha256:1", "voucher.status": 503 });
    expect(root?.resource).toMatchObject({ "service.name": "voucher", env: "test", team: "" });
    const stages = collector.spans.filter(({ parentId }) => parentId === root?.spanId);
    expect(stages.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual([
      "evidence 0",
      "judge 0",
      "publish 2",
      "resolve 0",
    ]);
    expect(new Set(stages.map(({ traceId }) => traceId))).toEqual(new Set([TRACE.traceId]));
  });

  it("has Voucher's counters and histograms, and sums that go on from event to event", async () => {
    const collector = await start();
    open.push(collector);
    const observer = observing(collector);
    await observeEvent(observer);
    await observeEvent(observer);
    const last = (name: string) => collector.points.findLast((point) => point.name === name);
    expect(last("voucher_pubsub_message_received_total")?.count).toBe(2);
    expect(last("voucher_pubsub_message_latency_milliseconds")).toMatchObject({ count: 2, unit: "ms" });
    expect(last("voucher_check_run_success_total")).toMatchObject({
      count: 2,
      attributes: { check_name: "diy" },
    });
    expect(last("voucher_pending")?.attributes).toEqual({ check_name: "snakeoil", awaiting: "scan" });
    expect(last("voucher_registry_requests")?.count).toBe(2);
    expect(last("voucher_pending")?.resource["service.instance.id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is not sent the spans of a trace that whoever began it does not keep", async () => {
    const collector = await start();
    open.push(collector);
    await observeEvent(observing(collector), { ...TRACE, sampled: false });
    expect(collector.spans).toEqual([]);
    expect(collector.points).not.toEqual([]);
  });

  it("that does not answer delays an event by a bounded time and fails none", async () => {
    const collector = await start({ before: () => sleep(10_000, undefined, { ref: false }) });
    open.push(collector);
    const observer = observing(collector, 300);
    const started = performance.now();
    await observeEvent(observer);
    await observeEvent(observer); // it is left alone meanwhile
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

it("a span that began here is the first of a trace of its own, which log entries can bear", async () => {
  const collector = await startHttpCollector();
  open.push(collector);
  const observer = observing(collector);
  await observer.follow({ name: "check", kind: "command" }, async () => {});
  expect(collector.spans).toMatchObject([{ name: "check", parentId: "", kind: 1 }]);
});
