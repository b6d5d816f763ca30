import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";

/**
 * A registry push arrived, by Pub/Sub's push delivery: 204 acknowledges it, 503 has it delivered again. The framework
 * parses JSON bodies before us; what counts is the body as it came.
 */
export function onPush(app: Pick<App, "deliver">): HttpFunction {
  return async (request, response) => {
    if (request.method !== "POST") {
      response.set("Allow", "POST").status(405).send("Pub/Sub pushes events here with POST.\n");
      return;
    }
    const { status } = await app.deliver({
      headers: request.headers,
      body: request.rawBody ?? new Uint8Array(),
    });
    response.status(status).end();
  };
}
