import type { VulnerabilitySeverity } from "../ports.ts";

const SEVERITY: ReadonlyMap<string, VulnerabilitySeverity> = new Map([
  ["MINIMAL", "negligible"],
  ["LOW", "low"],
  ["MEDIUM", "medium"],
  ["HIGH", "high"],
  ["CRITICAL", "critical"],
] as const);

/** The severity that the first of `names` (grafeas.v1.Severity) means that means one; `unknown` where none does. */
export function severityOf(...names: readonly string[]): VulnerabilitySeverity {
  for (const name of names) {
    const severity = SEVERITY.get(name);
    if (severity !== undefined) return severity;
  }
  return "unknown";
}
