import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";

/** What Container Analysis announced: an occurrence that may complete a review, or one that never does. */
export type OccurrenceEvent =
  | { readonly kind: "occurrence"; readonly name: string; readonly announces: "DISCOVERY" | "BUILD" }
  | { readonly kind: "ignored"; readonly reason: string };

const NotificationSchema = z.object({
  name: z.string().check(z.regex(/^projects\/[^/?#]+(?:\/locations\/[^/?#]+)?\/occurrences\/[^/?#]+$/)),
  kind: z.string().check(z.regex(/^[A-Z][A-Z_]{0,63}$/)),
});

/**
 * Reads a notification of the topic `container-analysis-occurrences-v1`. It names no image. An image has hundreds of
 * vulnerabilities, and our own attestations announce themselves too: all but scans and build records are ignored by their kind
 * alone. Throws `malformed`.
 */
export function parseOccurrenceEvent(data: Uint8Array): OccurrenceEvent {
  const parsed = NotificationSchema.safeParse(parseJson(data));
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join(".") || "it";
    throw new VoucherError(
      "malformed",
      `the message is no Container Analysis notification: ${path} is missing or unreadable`,
    );
  }
  const { name, kind } = parsed.data;
  if (kind !== "DISCOVERY" && kind !== "BUILD") {
    return { kind: "ignored", reason: `an occurrence of kind ${kind} completes no review` };
  }
  return { kind: "occurrence", name, announces: kind };
}
