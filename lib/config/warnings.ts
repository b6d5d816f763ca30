import { isKeyVersion } from "./rules.ts";
import type { FileConfig } from "./schema.ts";

/** What is accepted and yet unlikely to be meant so, one line each. */
export function warningsOf(file: FileConfig): readonly string[] {
  const warnings: string[] = [];
  if (file.scanner === "g" || file.scanner === "gca") {
    warnings.push(`scanner: "${file.scanner}" is Voucher's old name for "metadata"`);
  }
  for (const [index, { path }] of (file.kms_keys ?? []).entries()) {
    if (isKeyVersion(path)) continue;
    const form = "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/V";
    warnings.push(
      `kms_keys[${index}].path: names no key version (${form}), so nothing can be signed with it`,
    );
  }
  if (file.valid_repos?.length === 0) {
    warnings.push(
      "valid_repos: is an empty list, so no registry is contacted on events and diy fails for every image",
    );
  }
  if (file.statsd?.addr !== undefined && file.metrics?.backend === undefined) {
    warnings.push("statsd.addr: metrics are not built yet, so none are sent");
  }
  return warnings;
}
