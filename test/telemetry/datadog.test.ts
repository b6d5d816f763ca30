import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { type Answer, type LocalRequest, type LocalServer, listen } from "../../lib/local/server.ts";
import { proxiesIn } from "../../lib/proxy.ts";
import type { Backend } from "../../lib/telemetry/backend.ts";
import { createDatadog } from "../../lib/telemetry/datadog.ts";
import { startProxy } from "../support/proxy.ts";

interface Sent {
  readonly path: string;
  readonly apiKey: unknown;
  readonly appKey: unknown;
  readonly body: {
    readonly series?: readonly { metric: string; type: string; points: number[][]; tags: string[] }[];
  };
}

describe("Datadog's HTTP API", () => {
  let server: LocalServer;
  let client: Backend;
  let sent: Sent[];
  let answer: Answer;

  beforeEach(async () => {
    sent = [];
    answer = { status: 202, body: '{"status":"ok"}' };
    const take = ({ path, headers, body }: LocalRequest) => {
      const { "dd-api-key": apiKey, "dd-application-key": appKey } = headers;
      sent.push({ path, apiKey, appKey, body: JSON.parse(body.toString()) });
      return answer;
    };
    server = await listen({ kindOf: ({ path }) => path, answer: take, refuse: () => answer });
    client = createDatadog({
      endpoint: server.url,
      apiKey: "api",
      appKey: "app",
      tags: ["env:test"],
      timeout: 1_000,
    });
  });

  afterEach(async () => {
    await client.close();
    await server.close();
  });

  it("is sent counts, and times as Voucher sums them up, with both keys", async () => {
    client.count("check.run.success", { check: "diy" });
    client.count("check.run.success", { check: "diy" });
    for (const milliseconds of [10, 20, 60]) client.time("message.latency", milliseconds, {});
    await client.flush();
    expect(sent).toMatchObject([{ path: "/api/v1/series", apiKey: "api", appKey: "app" }]);
    const series = sent[0]?.body.series ?? [];
    expect(series.map(({ metric, type, points }) => [metric, type, points[0]?.[1]])).toEqual([
      ["voucher.check.run.success", "count", 2],
      ["auto_voucher.latency.count", "gauge", 3],
      ["auto_voucher.latency.avg", "gauge", 30],
      ["auto_voucher.latency.95percentile", "gauge", 60],
      ["auto_voucher.latency.99percentile", "gauge", 60],
      ["auto_voucher.latency.max", "gauge", 60],
    ]);
    expect(series[0]?.tags).toEqual(expect.arrayContaining(["env:test", "check:diy"]));
  });

  it("is told of an error as an event, in words without secrets", async () => {
    const error = new VoucherError("network", "no answer to GET /v2/?token=abcdef0123456789");
    client.count("check.run.error", { check: "diy", error });
    await client.flush();
    const event = sent.find(({ path }) => path === "/api/v1/events");
    expect(event?.body).toMatchObject({
      title: "Voucher Check Run Error",
      text: "no answer to GET /v2/?token=***",
      alert_type: "error",
      priority: "low",
      tags: expect.arrayContaining(["env:test", "check:diy"]),
    });
  });

  it("is asked nothing where nothing happened", async () => {
    await client.flush();
    expect(sent).toEqual([]);
  });

  it("that refuses fails the flush, and says with what", async () => {
    answer = { status: 403, body: '{"errors":["Forbidden"]}' };
    client.count("message.received", {});
    await expect(client.flush()).rejects.toThrow("Datadog answered 403 to /api/v1/series");
  });

  it("is asked through a proxy where one is named and it is not on this machine", async () => {
    const proxy = await startProxy(() => 403);
    const proxies = proxiesIn({ HTTPS_PROXY: proxy.url });
    const keys = { apiKey: "api", appKey: "app", tags: [], timeout: 1_000, proxies };
    const away = createDatadog({ endpoint: "https://api.datadoghq.invalid", ...keys });
    const here = createDatadog({ endpoint: server.url, ...keys });
    for (const backend of [away, here]) backend.count("check.run.success", { check: "diy" });

    await expect(away.flush()).rejects.toThrow();
    await here.flush();

    expect(proxy.asked).toEqual(["api.datadoghq.invalid:443"]);
    expect(sent).toHaveLength(1);
    await Promise.all([away.close(), here.close(), proxy.close()]);
  });
});
