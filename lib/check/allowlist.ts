/** A vulnerability that is accepted for a while, and why. */
export interface Allowance {
  readonly id: string;
  readonly reason: string;
  /** An ISO 8601 instant; from then on the entry counts no more. */
  readonly expires: string;
}

/** What the allowlist says of one vulnerability. */
export type Standing =
  | { readonly status: "allowed" | "unlisted" }
  /** It was allowed once, until `since`. */
  | { readonly status: "expired"; readonly since: string };

/** Looks `id` up at the moment `at`. Of several entries for one id, one that still counts is enough. */
export function standingOf(id: string, allow: readonly Allowance[], at: Date): Standing {
  const entries = allow.filter((entry) => entry.id.toUpperCase() === id.toUpperCase());
  const counts = ({ expires }: Allowance) => at.getTime() < Date.parse(expires);
  if (entries.some(counts)) return { status: "allowed" };
  const latest = entries
    .map(({ expires }) => expires)
    .toSorted((a, b) => Date.parse(a) - Date.parse(b))
    .at(-1);
  return latest === undefined ? { status: "unlisted" } : { status: "expired", since: latest };
}
