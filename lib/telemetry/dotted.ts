import type { About, Counted } from "../ports.ts";
import { redact } from "./redact.ts";

/** What statsd and Datadog have in common. */

/** `check:diy`, as Voucher has it. */
export function tagsOf({ check, awaiting }: About): string[] {
  return [
    ...(check === undefined ? [] : [`check:${check}`]),
    ...(awaiting === undefined ? [] : [`awaiting:${awaiting}`]),
  ];
}

/** An event beside a count of errors, for people. */
export interface ErrorEvent {
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
}

const TITLES: { readonly [what in Counted]?: string } = {
  "check.run.error": "Voucher Check Run Error",
  "check.attestation.error": "Voucher Check Attestation Error",
};
const LONGEST_TEXT = 1_000;

/** The event that Voucher sends with a count, where it does. */
export function errorEvent(what: Counted, about: About): ErrorEvent | undefined {
  const title = TITLES[what];
  if (title === undefined || about.error === undefined) return undefined;
  return { title, text: redact(about.error.message).slice(0, LONGEST_TEXT), tags: tagsOf(about) };
}
