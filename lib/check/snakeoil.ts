import { type Platform, samePlatform } from "../image/platform.ts";
import { SEVERITIES, type Vulnerability, type VulnerabilitySeverity } from "../ports.ts";
import { type Allowance, standingOf } from "./allowlist.ts";
import { type Check, type Finding, fail, pass } from "./contract.ts";
import { waitingFor } from "./outcomes.ts";
import { listed, plain } from "./wording.ts";

export interface SnakeoilSettings {
  /** The least severity that speaks against an image. */
  readonly failOn: VulnerabilitySeverity;
  /** Whether a vulnerability speaks against an image only where a version without it exists. */
  readonly onlyFixable: boolean;
  /** The platforms that are scanned; an image of another one cannot be judged. */
  readonly platforms: "all" | readonly Platform[];
  readonly allow: readonly Allowance[];
}

/** Passes images without a vulnerability at or above `failOn`, but for those that are allowed. No scan is no pass. */
export function snakeoil({ failOn, onlyFixable, platforms, allow }: SnakeoilSettings): Check {
  return {
    name: "snakeoil",
    description: `The image was scanned, and no vulnerability of severity ${failOn} or above counts against it.`,
    covers: (platform) => platforms === "all" || platforms.some((one) => samePlatform(one, platform)),
    async judge(evidence) {
      const scan = await evidence.vulnerabilities();
      if ("awaiting" in scan) return waitingFor(scan);
      const offending = scan.found
        .filter(({ severity, fixable }) => rank(severity) >= rank(failOn) && (fixable || !onlyFixable))
        .filter(({ id }) => standingOf(id, allow, evidence.at).status !== "allowed")
        .toSorted((a, b) => rank(b.severity) - rank(a.severity));
      if (offending.length === 0) return pass;
      const expired = expiries(offending, allow, evidence.at);
      return fail([summary(offending, failOn), ...expired].join("; "), offending.map(toFinding));
    },
  };
}

function rank(severity: VulnerabilitySeverity): number {
  return SEVERITIES.indexOf(severity);
}

/** Each id once, with its worst severity, worst first. */
function summary(offending: readonly Vulnerability[], failOn: VulnerabilitySeverity): string {
  const worst = [...Map.groupBy(offending, ({ id }) => id)].map(
    ([id, [first]]) => `${plain(id)} (${first?.severity ?? "unknown"})`,
  );
  const count = worst.length === 1 ? "1 vulnerability" : `${worst.length} vulnerabilities`;
  return `${count} of severity ${failOn} or above: ${listed(worst)}`;
}

/** One line for each offending vulnerability that was allowed once, so that whoever allowed it sees why it fails now. */
function expiries(
  offending: readonly Vulnerability[],
  allow: readonly Allowance[],
  at: Date,
): readonly string[] {
  const lines = [...new Set(offending.map(({ id }) => id))].flatMap((id) => {
    const standing = standingOf(id, allow, at);
    return standing.status === "expired" ? [`${plain(id)} on ${standing.since}`] : [];
  });
  return lines.length === 0 ? [] : [`snakeoil.allow has expired for ${listed(lines)}`];
}

function toFinding({ id, severity, package: name, fixedIn }: Vulnerability): Finding {
  return { id, severity, package: name, ...(fixedIn === undefined ? {} : { fixedIn }) };
}
