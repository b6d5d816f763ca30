import { VoucherError } from "../errors.ts";
import type { Envelope, Headers } from "../event/envelope.ts";
import { traceOf } from "../event/trace.ts";
import type { Observer, Trail } from "../ports.ts";
import type { Settlement } from "./settle.ts";

/** A message, or why there is none, and the headers of the request that brought it. */
export interface Carried {
  readonly envelope: Envelope | VoucherError;
  readonly headers: Headers;
}

/** Handles a message as one whole that is followed, counted and timed. Nothing of that is left to do once it returns. */
export function followMessage(
  name: "push event" | "announcement",
  { envelope, headers }: Carried,
  observer: Observer,
  work: (trail: Trail) => Promise<Settlement>,
): Promise<Settlement> {
  const trace = traceOf(headers, envelope instanceof VoucherError ? {} : envelope.attributes);
  return observer.follow({ name, kind: "message", trace }, async (trail) => {
    observer.count("message.received");
    const done = observer.time("message.latency");
    const settlement = await work(trail);
    done();
    const { outcome, status, reason } = settlement;
    trail.describe({ outcome, status, reason });
    return settlement;
  });
}
