import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";
import { asVoucherError } from "../lib/errors.ts";
import { bodyOf } from "./body.ts";

/**
 * What cannot be read is copied to a topic, whose messages have 10 MB at the most. The largest of these documents, GitHub's and
 * those of registries that list every layer, stay far below.
 */
const LARGEST_BODY = 8 * 1024 * 1024;

/** A registry other than Google's announces a push at `POST /{source}`: 204 takes it off its hands. */
export function onWebhook(app: Pick<App, "deliverWebhook">): HttpFunction {
  return async (request, response) => {
    const say = (status: number, sentence: string, headers: { readonly [name: string]: string } = {}) => {
      // What was not read of a body would be taken for the next request.
      const rest = request.complete ? {} : { connection: "close" };
      const text = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
      response.writeHead(status, { ...text, ...rest, ...headers }).end(`${sentence}\n`);
    };
    if (request.method !== "POST") {
      say(405, "webhooks are served at POST /{source}", { allow: "POST" });
      return;
    }
    let body: Uint8Array;
    try {
      body = await bodyOf(request, LARGEST_BODY);
    } catch (fault) {
      say(400, asVoucherError(fault).message);
      return;
    }
    if (body.byteLength > LARGEST_BODY) {
      say(413, `a webhook takes at most ${LARGEST_BODY} bytes`);
      return;
    }
    const answer = await app.deliverWebhook({
      source: sourceOf(request.path),
      headers: request.headers,
      body,
    });
    if (answer.status === 204) response.status(204).end();
    else
      say(
        answer.status,
        answer.reason,
        answer.challenge === undefined ? {} : { "www-authenticate": answer.challenge },
      );
  };
}

/** The one segment of a path; a slash at its end means nothing. */
function sourceOf(path: string): string {
  return path.replace(/^\//, "").replace(/\/$/, "");
}
