import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";

/** A message of Pub/Sub has 10 MB at the most, and in base64 a third more. */
const LARGEST_BODY = 16 * 1024 * 1024;

/**
 * A function that Pub/Sub pushes messages to: 204 acknowledges one, 503 has it delivered again. The framework parses JSON
 * bodies before us, of any size; what counts is the body as it came, and one that no Pub/Sub sends is not looked at.
 */
export function onMessage(handle: App["deliver"]): HttpFunction {
  return async (request, response) => {
    if (request.method !== "POST") {
      response.set("Allow", "POST").status(405).send("Pub/Sub pushes messages here with POST.\n");
      return;
    }
    const body = request.rawBody ?? new Uint8Array();
    if (body.byteLength > LARGEST_BODY) {
      response.status(413).send(`A Pub/Sub message takes at most ${LARGEST_BODY} bytes.\n`);
      return;
    }
    const { status } = await handle({ headers: request.headers, body });
    response.status(status).end();
  };
}
