import type { Config } from "../config.ts";
import type { Secrets } from "./secrets.ts";

/** What the settings need of the secrets and is not there, one sentence each. */
export function missingSecrets(
  config: Config,
  { openpgpkeys, repositories, datadog }: Pick<Secrets, "openpgpkeys" | "repositories" | "datadog">,
): readonly string[] {
  const checks = [...new Set([...config.all, ...Object.values(config.required).flat()])];
  const stores = config.binauthProject !== undefined || config.metadataClient === "oci";
  const unsigned =
    config.signer === "pgp" && stores && !config.dryrun
      ? checks.filter((check) => !openpgpkeys.has(check))
      : [];
  const asksGitHub = checks.includes("approved") && !config.github.endpoint.startsWith("http:");
  return [
    ...unsigned.map(
      (check) => `openpgpkeys.${check} is missing from the secrets, so nothing can be signed for ${check}`,
    ),
    ...(asksGitHub && repositories.size === 0
      ? ["repositories.<alias> is missing from the secrets, and the check approved cannot ask GitHub without"]
      : []),
    ...(config.metrics.backend === "datadog" && datadog === undefined
      ? ["datadog.api_key and datadog.app_key are missing from the secrets, and metrics.backend is datadog"]
      : []),
  ];
}
