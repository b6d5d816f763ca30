import type { HttpFunction } from "@google-cloud/functions-framework";
import type { App } from "../lib/app.ts";
import { onMessage } from "./message.ts";

/** A registry push arrived: review the image. */
export function onPush(app: Pick<App, "deliver">): HttpFunction {
  return onMessage(app.deliver);
}
