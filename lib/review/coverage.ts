import type { Check } from "../check/contract.ts";
import type { PlatformImage, Unresolved } from "../image/resolved.ts";
import type { PlatformReview } from "./judgement.ts";
import { isImage } from "./scope.ts";

/** As much of a check as says which platforms it covers. */
export type Covering = Pick<Check, "name" | "covers">;

/** Which of several checks cover one child of an image. */
export interface Coverage<C extends Covering> {
  readonly covering: readonly C[];
  /** What a platform's review says of the others. */
  readonly others: Pick<PlatformReview, "uncovered">;
}

export function coverageOf<C extends Covering>(
  checks: readonly C[],
  child: PlatformImage | Unresolved,
): Coverage<C> {
  const uncovered = checks.filter((check) => !covers(check, child)).map(({ name }) => name);
  return {
    covering: checks.filter(({ name }) => !uncovered.includes(name)),
    others: uncovered.length === 0 ? {} : { uncovered },
  };
}

/**
 * An image is left out only if nothing that says what it runs on names a platform that the check covers: runtimes may
 * believe any of it. A child that could not be read may be anything.
 */
function covers(check: Covering, child: PlatformImage | Unresolved): boolean {
  if (!isImage(child)) return true;
  return [child.platform, ...child.otherPlatforms].some((platform) => check.covers?.(platform) ?? true);
}
