import { createHash } from "node:crypto";
import { type Result, VERDICT_EVENT_TYPE, type Verdict } from "../event/verdict.ts";
import type { Message } from "../ports.ts";
import { cut } from "./copy.ts";

/** What a verdict event says besides its verdict. */
export interface AboutVerdict {
  /** The id that the settled event was first published under. */
  readonly eventId: string;
  /** Who publishes it: a URI reference. */
  readonly source: string;
  readonly outcome: string;
  readonly at: Date;
}

/** Pub/Sub takes messages of 10 MB; attributes count too. */
const LARGEST_BYTES = 9_000_000;

/**
 * The CloudEvent that tells of a verdict, in the binary mode of Google's Pub/Sub binding: its data is the verdict, its
 * attributes are `ce-…` ones. What is told again has the same id; what was decided otherwise since has another.
 */
export function verdictEvent(
  verdict: Verdict,
  { eventId, source, outcome, at }: AboutVerdict,
  largest = LARGEST_BYTES,
): Message {
  return {
    data: dataOf(verdict, largest),
    attributes: {
      "ce-specversion": "1.0",
      "ce-type": VERDICT_EVENT_TYPE,
      "ce-source": cut(source),
      "ce-id": `${eventId || "event"}-${fingerprint(verdict)}`,
      "ce-time": at.toISOString(),
      "ce-subject": cut(verdict.image),
      "ce-outcome": outcome,
      "ce-success": String(verdict.success),
      "content-type": "application/json",
    },
  };
}

/** What was decided, without the words that it was put into: those may differ from one delivery to the next. */
function fingerprint({ image, success, attested, results, platforms }: Verdict): string {
  const decided = (all: readonly Result[]) => all.map(({ name, status, attested: is }) => [name, status, is]);
  const whole = platforms.map(({ digest, results: own }) => [digest, decided(own)]);
  const text = JSON.stringify([image, success, attested, decided(results), whole]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Whole where it fits; else without what each check found, and last without the attestations, which the store has. */
function dataOf(verdict: Verdict, largest: number): Uint8Array {
  const whole = Buffer.from(JSON.stringify(verdict));
  if (whole.length <= largest) return whole;
  const short = Buffer.from(JSON.stringify(withResults(verdict, withoutFindings)));
  return short.length <= largest ? short : Buffer.from(JSON.stringify(withResults(verdict, withoutEither)));
}

function withoutFindings({ findings: _, ...result }: Result): Result {
  return result;
}

function withoutEither({ findings: _, details: __, ...result }: Result): Result {
  return result;
}

function withResults(verdict: Verdict, change: (result: Result) => Result): Verdict {
  return {
    ...verdict,
    results: verdict.results.map(change),
    platforms: verdict.platforms.map((one) => ({ ...one, results: one.results.map(change) })),
  };
}
