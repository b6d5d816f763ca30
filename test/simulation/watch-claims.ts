import type { Verdict } from "../../lib/event/verdict.ts";
import type { Contents } from "./contents.ts";
import { errorsOf, type Handled, type Original } from "./deliveries.ts";
import type { CheckName, Place } from "./history.ts";
import type { Keys } from "./keys.ts";
import type { Claim, Oracle } from "./oracle.ts";
import type { Scheduler } from "./scheduler.ts";
import type { AttestationWatch } from "./watch-attestations.ts";

/** Looks for the attestations that must stand. */
export interface ClaimWatch {
  /** Requires what whoever handled `place` owes, now that it is acknowledged. `isOpen`: it is to be looked at once more. */
  requireStored(place: Place, handled: Handled, isOpen: boolean): void;
  /** Requires that what a verdict event says to be attested is. */
  requireTrue(by: string, keys: Keys, verdict: Verdict, isMixed: boolean): void;
  /** An attestation was withdrawn; whoever asked for lists may still have seen it until `until`. */
  withdrawn(repository: string, claim: Claim, until: number): void;
  /** Looks once more at everything that was found attested when an event was settled. */
  lookAgain(keys: readonly Keys[]): void;
  /** Requires all that has to be attested because of these events, by some of `keys`. */
  requireCertain(originals: readonly Original[], keys: readonly Keys[]): void;
}

export interface ClaimWatchOptions {
  readonly oracle: Oracle;
  readonly contents: Contents;
  readonly checks: readonly CheckName[];
  readonly scheduler: Scheduler;
  readonly attestations: AttestationWatch;
}

export function watchClaims(options: ClaimWatchOptions): ClaimWatch {
  const { oracle, contents, checks, scheduler, attestations } = options;
  const found = new Map<string, { readonly repository: string; readonly claim: Claim }>();
  const withdrawals = new Map<string, number>();

  return {
    requireStored(place, handled, isOpen) {
      const { by, keys, from, to, mixed } = handled;
      const { repository } = place;
      // A child that was refused to it for good holds back its index, and comes back with it.
      if (isOpen && errorsOf(handled).length > 0) return;
      for (const claim of oracle.owed(place, from, to)) {
        const key = keyOf(repository, claim);
        if (attestations.counts(repository, claim, keys)) found.set(key, { repository, claim });
        // Who looked before it was withdrawn has seen it; and of those who trust other keys the last one is right.
        else if ((withdrawals.get(key) ?? -1) < from && !mixed)
          scheduler.fail(`${by} acknowledged ${place.content}, and ${said(claim)} is not attested`);
      }
    },
    requireTrue(by, keys, { image, platforms }, isMixed) {
      const [repository = ""] = image.split("@");
      for (const { digest, results } of platforms) {
        for (const { name, attested } of results) {
          const check = checks.find((one) => one === name);
          if (check === undefined || !attested || isMixed) continue;
          const claim = { content: contents.nameOf(digest), check };
          if (attestations.counts(repository, claim, keys) || withdrawals.has(keyOf(repository, claim)))
            continue;
          scheduler.fail(`${by} published a verdict by which ${said(claim)} is attested, and it is not`);
        }
      }
    },
    withdrawn(repository, claim, until) {
      const key = keyOf(repository, claim);
      found.delete(key);
      withdrawals.set(key, Math.max(until, withdrawals.get(key) ?? 0));
    },
    lookAgain(keys) {
      for (const { repository, claim } of found.values()) {
        if (keys.some((one) => attestations.counts(repository, claim, one))) continue;
        scheduler.fail(`${said(claim)} in ${repository} was attested, and is no more`);
      }
    },
    requireCertain(originals, keys) {
      for (const { id, event, published } of originals) {
        if (event.kind !== "push") continue;
        const { place } = event;
        for (const claim of oracle.certain(place, published)) {
          if (withdrawals.has(keyOf(place.repository, claim))) continue;
          if (keys.some((one) => attestations.counts(place.repository, claim, one))) continue;
          scheduler.fail(
            `${said(claim)} in ${place.repository} is not attested, though ${id} announced ${place.content}`,
          );
        }
      }
    },
  };
}

function keyOf(repository: string, { content, check }: Claim): string {
  return `${repository} ${content} ${check}`;
}

function said({ content, check }: Claim): string {
  return `${check} of ${content}`;
}
