import { randomBytes } from "node:crypto";
import undici from "undici";
import { createWays, type Proxies } from "../proxy.ts";
import type { Backend } from "./backend.ts";
import { DatadogSeries } from "./datadog-series.ts";
import { type ErrorEvent, errorEvent, tagsOf } from "./dotted.ts";
import { DOTTED } from "./names.ts";

export interface DatadogOptions {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly apiKey: string;
  readonly appKey: string;
  /** `name:value`; everything sent bears them. */
  readonly tags: readonly string[];
  /** For one request, in milliseconds. */
  readonly timeout: number;
  readonly proxies?: Proxies | undefined;
}

/** Of one flush; a fault that strikes all checks at once says the same of each. */
const MOST_EVENTS = 20;

/** Measurements for Datadog's HTTP API, as Voucher sends them: its series, and an event for each error. */
export function createDatadog(options: DatadogOptions): Backend {
  const { endpoint, apiKey, appKey, tags, timeout, proxies } = options;
  const ways = createWays(
    undici,
    { connections: 4, connect: { timeout }, keepAliveTimeout: 30_000 },
    proxies,
  );
  const dispatcher = ways.to(new URL(endpoint).host);
  const headers = {
    "content-type": "application/json",
    "dd-api-key": apiKey,
    "dd-application-key": appKey,
  };
  // Of two instances' points for the same second Datadog would keep one.
  const series = new DatadogSeries([...tags, `instance:${randomBytes(4).toString("hex")}`]);
  let events: ErrorEvent[] = [];

  async function post(path: string, body: object): Promise<void> {
    const signal = AbortSignal.timeout(timeout);
    const sent = { dispatcher, method: "POST", headers, body: JSON.stringify(body), signal } as const;
    const answer = await undici.request(`${endpoint}${path}`, sent);
    await answer.body.dump({ limit: 64 * 1024, signal });
    if (answer.statusCode > 299) throw new Error(`Datadog answered ${answer.statusCode} to ${path}`);
  }

  return {
    count(what, about) {
      series.count(DOTTED[what], tagsOf(about));
      const event = errorEvent(what, about);
      if (event !== undefined && events.length < MOST_EVENTS) events.push(event);
    },
    time: (what, milliseconds, about) => series.time(DOTTED[what], milliseconds, tagsOf(about)),
    async flush() {
      const told = events;
      events = [];
      const points = series.take();
      const posts = told.map(({ title, text, tags: own }) =>
        post("/api/v1/events", {
          title,
          text,
          alert_type: "error",
          priority: "low",
          tags: [...tags, ...own],
        }),
      );
      if (points.length > 0) posts.push(post("/api/v1/series", { series: points }));
      const failed = (await Promise.allSettled(posts)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
    close: () => ways.destroy(),
  };
}
