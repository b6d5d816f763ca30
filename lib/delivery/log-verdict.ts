import type { Result, Verdict } from "../review/verdict.ts";

/** Cloud Logging refuses entries above 256 KiB; an entry holds more than the verdict. */
const LARGEST_BYTES = 100_000;
const MOST_PLATFORMS = 20;
const LONGEST_ERROR = 500;

/**
 * The verdict as a log entry can hold it: whole where it fits; else without the attestations themselves, which the store
 * has, and with the first platforms that did not succeed and the number of the others.
 */
export function verdictForLog(verdict: Verdict): object {
  if (Buffer.byteLength(JSON.stringify(verdict)) <= LARGEST_BYTES) return verdict;
  const short = ({ details: _, findings: __, error, ...result }: Result) => ({
    ...result,
    ...(error === undefined ? {} : { error: error.slice(0, LONGEST_ERROR) }),
  });
  const unsuccessful = verdict.platforms.filter(({ success }) => !success).slice(0, MOST_PLATFORMS);
  return {
    ...verdict,
    results: verdict.results.map(short),
    platforms: unsuccessful.map((platform) => ({ ...platform, results: platform.results.map(short) })),
    skipped: [],
    leftOut: { platforms: verdict.platforms.length - unsuccessful.length, skipped: verdict.skipped.length },
  };
}
