import type { ErrorCode } from "../../lib/errors.ts";
import type { Status } from "./facts.ts";
import type { Place, Settings } from "./history.ts";
import { type Claim, type Oracle, STALE_MS } from "./oracle.ts";

/** How a delivery can rightly end where nothing went wrong on the way; a dead letter with its reason. */
export type Ending = "attested" | "decided" | "ignored" | "waits" | "not there" | `dead-lettered: ${string}`;

/** What is known of a review: what of, when, and since when its event has waited. */
export interface Reviewed {
  readonly place: Place;
  readonly from: number;
  readonly to: number;
  /** Whether an attestation that counts, and that could be seen, has stood all the time. */
  readonly hasStood: (claim: Claim) => boolean;
  /** The errors that anything that was read of it may have ended in, because of what went wrong. */
  readonly errors: readonly ErrorCode[];
  /** When the event was first seen, at the earliest and at the latest; without, there is no end of patience. */
  readonly since?: { readonly earliest: number; readonly latest: number };
}

/** What may count for one check on one platform. */
type Said = Status | ErrorCode;

const NO_ERRORS: readonly Said[] = [
  "not covered",
  "pass",
  "fail",
  "waits for build",
  "waits for scan",
  "no-evidence",
];

/** Every ending that the acknowledgement table allows, given what was true while the review went on. */
export function endingsOf(oracle: Oracle, settings: Settings, reviewed: Reviewed): ReadonlySet<Ending> {
  const { place, from, to, errors } = reviewed;
  const endings = new Set<Ending>();
  const scope = oracle.scopeOf(place);
  if (scope.kind === "not contacted") return endings.add("ignored");
  if (!oracle.isThere(place, from - STALE_MS)) endings.add("not there");
  if (!oracle.isThere(place, to)) return endings;
  if (scope.kind === "ignored") return endings.add("ignored");
  if (scope.kind === "unsupported") return endings.add("dead-lettered: unsupported");

  const said = settings.checks.flatMap((check) => {
    const ofParts = scope.parts.map((part) => {
      const statuses: Said[] = [...oracle.statuses(place, part, check, from, to), ...errors];
      // What is attested is not asked again; but what cannot be read is not believed either.
      const isReadable = statuses.some((status) => status !== "not-found" && status !== "not covered");
      const claim = { content: part.content, check };
      if (isReadable && reviewed.hasStood(claim)) {
        const others = statuses.filter((status) => status === "not-found" || status === "not covered");
        return [...others, ...errors, "pass" as const];
      }
      const mayBeAttested = oracle.rightFrom(place.repository, claim) <= to;
      return isReadable && mayBeAttested ? [...statuses, "pass" as const] : statuses;
    });
    if (!ofParts.every((one) => one.includes("not covered"))) return ofParts;
    // A check that covers nothing of an image can never vouch for it.
    const isCovered = ofParts.some((one) => one.some((status) => status !== "not covered"));
    return [
      ...ofParts,
      isCovered ? ["no-evidence" as const, "not covered" as const] : ["no-evidence" as const],
    ];
  });
  const patient = said.map(
    (one) => new Set(one.flatMap((status) => afterPatience(status, reviewed, settings))),
  );
  if (patient.some(isWaiting)) endings.add("waits");
  if (!patient.every((one) => [...one].some((status) => !status.startsWith("waits")))) return endings;
  for (const one of patient) {
    for (const status of one) if (!NO_ERRORS.includes(status)) endings.add(`dead-lettered: ${status}`);
  }
  const ends = (allowed: readonly Said[]) =>
    patient.every((one) => ["not covered" as const, ...allowed].some((status) => one.has(status)));
  if (ends(["pass"])) endings.add("attested");
  const isUndecided = patient.some((one) => one.has("fail") || one.has("no-evidence"));
  if (isUndecided && ends(["pass", "fail", "no-evidence"])) endings.add("decided");
  return endings;
}

function isWaiting(said: ReadonlySet<Said>): boolean {
  return said.has("waits for build") || said.has("waits for scan");
}

/** What waits goes on waiting, or has waited long enough; near the end of patience either may be. */
function afterPatience(status: Said, { from, to, since }: Reviewed, settings: Settings): readonly Said[] {
  if (!status.startsWith("waits") || since === undefined) return [status];
  const patience = settings.maxMinutes * 60_000;
  const ended: Said = status === "waits for build" ? "fail" : "waited";
  const { skew } = settings.services;
  return [
    ...(from - since.latest - skew < patience ? [status] : []),
    ...(to - since.earliest + skew >= patience ? [ended] : []),
  ];
}
