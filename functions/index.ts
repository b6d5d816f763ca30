import { homedir } from "node:os";
import { http } from "@google-cloud/functions-framework";
import { type App, createApp } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { drainOnTerminate } from "./drain.ts";
import { logOf } from "./log.ts";
import { onOccurrence } from "./on-occurrence.ts";
import { onPush } from "./on-push.ts";
import { portOf, targetOf } from "./target.ts";
import { logUnheard } from "./unheard.ts";
import { withoutDomains } from "./without-domains.ts";

/** Registers the functions. A configuration that cannot serve ends the process, every problem in its log. */
const log = logOf(process.env, process.stdout.isTTY);
const inFlight = drainOnTerminate();
withoutDomains();
logUnheard(log);

try {
  const app = await start();
  const target = targetOf(process.argv, process.env);
  if (target === "api") {
    // Loaded here alone: what answers requests is of no use to events.
    const { api } = await import("./api.ts");
    warnOfPort(app.config.server.port);
    http("api", inFlight.counting(await api(app)));
  } else if (target === "onWebhook") {
    await app.requireWebhooksServable();
    const { onWebhook } = await import("./on-webhook.ts");
    http("onWebhook", inFlight.counting(onWebhook(app)));
  } else {
    app.requireEventsReviewable();
    http("onPush", inFlight.counting(onPush(app)));
    http("onOccurrence", inFlight.counting(onOccurrence(app)));
  }
} catch (error) {
  log.record("ERROR", "the function cannot start", { error });
  process.exit(1);
}

/** Voucher listened where its configuration said; whoever goes by that would look for us in vain. */
function warnOfPort(configured: number | undefined): void {
  const port = portOf(process.argv, process.env);
  if (configured === undefined || String(configured) === port) return;
  const advice = "leave server.port out; PORT or --port says where a function listens";
  log.record("WARNING", "server.port is not where the API listens", { configured, port, advice });
}

async function start(): Promise<App> {
  const { config, warnings } = await loadConfig({ env: process.env, cwd: process.cwd(), home: homedir() });
  for (const warning of warnings) log.record("WARNING", "the configuration is questionable", { warning });
  return createApp(config, { observer: log, env: process.env });
}
