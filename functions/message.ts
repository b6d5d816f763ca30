import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";

/**
 * A function that Pub/Sub pushes messages to: 204 acknowledges one, 503 has it delivered again. The framework parses JSON
 * bodies before us; what counts is the body as it came.
 */
export function onMessage(handle: App["deliver"]): HttpFunction {
  return async (request, response) => {
    if (request.method !== "POST") {
      response.set("Allow", "POST").status(405).send("Pub/Sub pushes messages here with POST.\n");
      return;
    }
    const { status } = await handle({ headers: request.headers, body: request.rawBody ?? new Uint8Array() });
    response.status(status).end();
  };
}
