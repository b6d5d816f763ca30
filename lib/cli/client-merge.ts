import type { Verdict } from "../app.ts";

type Result = Verdict["results"][number];
type PlatformVerdict = Verdict["platforms"][number];

/** One verdict of several on the same image, each of other checks; of a check that several speak of, the first. */
export function mergeVerdicts(first: Verdict, more: readonly Verdict[]): Verdict {
  const all = [first, ...more];
  const unscanned = [...new Set(all.flatMap((verdict) => verdict.unscanned ?? []))];
  return {
    ...first,
    success: all.every(({ success }) => success),
    attested: all.every(({ attested }) => attested),
    results: eachOnce(all),
    platforms: mergePlatforms(all.flatMap(({ platforms }) => platforms)),
    ...(unscanned.length === 0 ? {} : { unscanned }),
  };
}

function mergePlatforms(all: readonly PlatformVerdict[]): readonly PlatformVerdict[] {
  const bySubject = Map.groupBy(all, ({ platform, digest }) => `${platform} ${digest}`);
  return [...bySubject.values()].flatMap((same) =>
    same.slice(0, 1).map((one) => ({
      ...one,
      success: same.every(({ success }) => success),
      attested: same.every(({ attested }) => attested),
      results: eachOnce(same),
    })),
  );
}

function eachOnce(verdicts: readonly { readonly results: readonly Result[] }[]): readonly Result[] {
  const byName = Map.groupBy(
    verdicts.flatMap(({ results }) => results),
    ({ name }) => name,
  );
  return [...byName.values()].flatMap((same) => same.slice(0, 1));
}
