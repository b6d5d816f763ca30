import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { verdictEventOf } from "../../lib/event/verdict-event.ts";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage } from "../../lib/local/samples.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import { bundled } from "../support/bundled.ts";
import { type Collector, startGrpcCollector, startHttpCollector } from "../support/collector.ts";
import { deliver, type FunctionProcess, startFunction } from "../support/function-process.ts";
import { loadedWith } from "../support/loaded-with.ts";
import { pause } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { startStatsdServer } from "../support/statsd-server.ts";
import { describeWith } from "../support/tools.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

describeWith(["pubsub-emulator"], "an event that is delivered to a function", () => {
  let stage: ApiStage;
  let pubsub: PubSubEmulator;
  let image: string;
  const functions: FunctionProcess[] = [];

  beforeAll(async () => {
    pubsub = await startPubSubEmulator();
    await pubsub.createTopic("verdicts");
    await pubsub.createPullSubscription("history", "verdicts");
    stage = await openApiStage();
    const { host, url } = stage.stack.registry;
    const digest = await pushSample(demoImage(), { url, repository: "team/app", tag: "v1" });
    image = `${host}/team/app@${digest}`;
  }, 60_000);

  afterAll(async () => {
    await Promise.all(functions.map((one) => one.close()));
    await stage?.close();
    await pubsub?.close();
  });

  async function start(settings: object, env: { readonly [name: string]: string } = {}) {
    const started = await startFunction(await stage.configure(settings), {
      PUBSUB_EMULATOR_HOST: pubsub.host,
      METADATA_SERVER_DETECTION: "none",
      GOOGLE_CLOUD_PROJECT: "voucher-test",
      ...env,
    });
    functions.push(started);
    return started;
  }

  const telemetryTo = ({ addr }: Pick<Collector, "addr">) => ({
    metrics: { backend: "opentelemetry", tags: ["env:test"] },
    opentelemetry: { addr, insecure: true },
  });
  const pushEvent = () => ({ action: "INSERT", digest: image });

  it.each([
    ["OTLP over HTTP", startHttpCollector],
    ["OTLP over gRPC", startGrpcCollector],
  ])(
    "is logged, traced, measured and told of by the time it is acknowledged: %s",
    async (_, startCollector) => {
      const collector = await startCollector();
      const onPush = await start({ ...telemetryTo(collector), events: { verdict_topic: "verdicts" } });
      const status = await deliver(onPush, pushEvent(), {
        messageId: "4711",
        attributes: { googclient_traceparent: TRACEPARENT },
        headers: { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-00` },
      });
      // Nothing below waits: it has all happened, but that lines and messages have to be read.
      const [spans, points] = [[...collector.spans], [...collector.points]];
      const told = await pubsub.pull("history");

      expect(status).toBe(204);
      const root = spans.find(({ name }) => name === "push event");
      expect(root).toMatchObject({ traceId: TRACE, parentId: SPAN });
      const stages = spans.filter(({ parentId, traceId }) => parentId === root?.spanId && traceId === TRACE);
      const names = new Set(stages.map(({ name }) => name));
      expect(names).toEqual(new Set(["resolve", "existing", "judge", "evidence", "sign", "publish"]));
      const counted = (name: string) => points.findLast((point) => point.name === name);
      expect(counted("voucher_pubsub_message_received_total")?.count).toBe(1);
      expect(counted("voucher_review_latency")?.count).toBe(1);
      expect(counted("voucher_registry_requests")?.count).toBeGreaterThan(4);
      const runs = points.filter(({ name }) => name === "voucher_check_run_success_total");
      expect(runs.map(({ attributes, count }) => `${attributes["check_name"]} ${count}`).toSorted()).toEqual([
        "diy 4",
        "nobody 3",
      ]);

      const [message, ...more] = told;
      expect(more).toEqual([]);
      const { data = "", attributes = {} } = message ?? {};
      const event = verdictEventOf({ data: Buffer.from(data), attributes });
      expect(event).toMatchObject({
        id: expect.stringMatching(/^4711-/),
        subject: image,
        outcome: "decided",
      });

      await vi.waitFor(() => expect(onPush.deliveries).toHaveLength(1));
      const [entry] = onPush.deliveries;
      expect(entry).toMatchObject({
        message: "image decided",
        "logging.googleapis.com/trace": `projects/voucher-test/traces/${TRACE}`,
        "logging.googleapis.com/spanId": root?.spanId,
        "logging.googleapis.com/labels": { outcome: "decided", event: "4711" },
        requests: { registry: expect.any(Number), store: expect.any(Number), pubsub: 1 },
        durations: { resolve: expect.any(Number), judge: expect.any(Number), publish: expect.any(Number) },
        verdict: event?.data,
      });
      // What was signed is taken away, so that the next function signs again.
      for (const { name } of stage.stack.grafeas.occurrences())
        await fetch(`${stage.stack.grafeas.url}/v1/${name}`, { method: "DELETE" });
      await collector.close();
    },
  );

  it("is traced by the header of its request where its message says nothing", async () => {
    const collector = await startHttpCollector();
    const onPush = await start(telemetryTo(collector));
    await deliver(onPush, pushEvent(), { headers: { traceparent: TRACEPARENT } });
    await deliver(onPush, "{", { headers: { "x-cloud-trace-context": `${TRACE}/1;o=1` } });
    const roots = collector.spans.filter(({ name }) => name === "push event");
    expect(roots.map(({ traceId, parentId }) => [traceId, parentId])).toEqual([
      [TRACE, SPAN],
      [TRACE, "0000000000000001"],
    ]);
    await collector.close();
  });

  it("is acknowledged in time where the collector is dead, and where it is as slow as can be", async () => {
    const slow = await startHttpCollector({ before: () => pause(60_000) });
    const dead = await startHttpCollector();
    await dead.close();
    for (const collector of [slow, dead]) {
      const onPush = await start(telemetryTo(collector));
      const started = performance.now();
      expect(await deliver(onPush, pushEvent())).toBe(204);
      expect(performance.now() - started).toBeLessThan(6_000);
      const again = performance.now();
      expect(await deliver(onPush, pushEvent())).toBe(204);
      expect(performance.now() - again).toBeLessThan(2_000);
      await vi.waitFor(() =>
        expect(onPush.process.lines.join("\n")).toContain("telemetry could not be sent"),
      );
    }
    await slow.close();
  });

  it("is counted by statsd", async () => {
    const server = await startStatsdServer();
    const onPush = await start({ statsd: { addr: server.addr } });
    await deliver(onPush, pushEvent());
    await vi.waitFor(() => expect(server.lines).toContain("auto_voucher.message.received:1|c"));
    expect(server.lines).toContainEqual(expect.stringMatching(/^voucher_review_latency:\d+\|ms$/));
    await server.close();
  });

  it("comes back where its verdict cannot be published, though it is attested", async () => {
    const onPush = await start({ events: { verdict_topic: "never-made" } });
    expect(await deliver(onPush, pushEvent())).toBe(503);
    await vi.waitFor(() => expect(onPush.deliveries).toHaveLength(1));
    expect(onPush.deliveries[0]).toMatchObject({
      severity: "ERROR",
      outcome: "retry",
      "@type": expect.stringMatching(/ReportedErrorEvent$/),
      stack_trace: expect.stringMatching(/^VoucherError: /),
      reason: expect.stringMatching(/^its verdict could not be published: /),
    });
  });

  it("loads nothing of any backend where none is configured", async () => {
    const list = join(stage.folder, "list-loaded.mjs");
    await writeFile(
      list,
      `import { registerHooks } from "node:module";
      registerHooks({ load(url, context, next) { console.log("loaded " + url); return next(url, context); } });`,
    );
    const loadedWhile = async (settings: object) => {
      const onPush = await start(settings, { NODE_OPTIONS: `--import=${list}` });
      expect(await deliver(onPush, pushEvent())).toBe(204);
      await vi.waitFor(() => expect(onPush.deliveries).toHaveLength(1));
      return onPush.process.lines.filter((line) =>
        /^loaded .*\/(opentelemetry|otlp-\w+|statsd|datadog)-/.test(line),
      );
    };
    const collector = await startHttpCollector();
    expect(await loadedWhile({})).toEqual([]);
    expect(await loadedWhile(telemetryTo(collector))).not.toEqual([]);
    await collector.close();
    const text = [...loadedWith(bundled("index.mjs")).values()].join("\n");
    expect(text).not.toMatch(/opentelemetry\.proto|hot-shots|dd-api-key/);
  });
});
