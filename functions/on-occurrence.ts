import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";
import { onMessage } from "./message.ts";

/** A scan finished or a build record appeared: review the image that it speaks of, at once. */
export function onOccurrence(app: Pick<App, "deliverOccurrence">): HttpFunction {
  return onMessage(app.deliverOccurrence);
}
