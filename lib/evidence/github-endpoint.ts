import { VoucherError } from "../errors.ts";
import { parseEndpoint } from "../google/endpoint.ts";

/** Where GitHub is asked, or what stands in for it. */
export interface GitHubEndpoint {
  /** Where queries are posted. */
  readonly graphql: string;
  /** Where a GitHub App gets its tokens. */
  readonly rest: string;
  /** The host in the addresses of the repositories that are found there. */
  readonly host: string;
  /** Plain http on this machine: a stand-in for github.com, which is asked without credentials. */
  readonly local: boolean;
}

/** The host of the repositories that a stand-in answers for. */
const PUBLIC_HOST = "github.com";

/**
 * Reads the setting `github.endpoint`: `https://api.github.com/graphql`, `https://api.SUBDOMAIN.ghe.com/graphql`, or
 * `https://HOST/api/graphql` of a GitHub Enterprise Server; on this machine either form by http. Throws `config`.
 */
export function parseGitHubEndpoint(text: string): GitHubEndpoint {
  const { base, local } = parseEndpoint(text, "github.endpoint");
  const { origin, pathname, host } = new URL(base);
  const isServer = pathname === "/api/graphql";
  const isApiHost = pathname === "/graphql" && (local || host.startsWith("api."));
  if (!isServer && !isApiHost) {
    throw new VoucherError(
      "config",
      `github.endpoint ${JSON.stringify(text.slice(0, 200))} is no address of GitHub's GraphQL API; write https://api.github.com/graphql, or https://HOST/api/graphql for GitHub Enterprise Server`,
    );
  }
  return {
    graphql: base,
    rest: isServer ? `${origin}/api/v3` : origin,
    host: local ? PUBLIC_HOST : isServer ? host : host.slice("api.".length),
    local,
  };
}
