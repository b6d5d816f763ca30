import canonicalize from "canonicalize";
import { aliasOf, CHECK_NAMES } from "../check/names.ts";
import { type Digest, digestOf } from "../image/digest.ts";
import type { Config } from "./config.ts";
import { describeSelection } from "./describe.ts";

/** What each check is told by the configuration, under the names that the file gives it. */
const SETTINGS: { readonly [name in (typeof CHECK_NAMES)[number]]: (config: Config) => object } = {
  diy: ({ validRepos = [] }) => ({ valid_repos: validRepos }),
  nobody: () => ({}),
  snakeoil: ({ failon, snakeoil: { onlyFixable, platforms, allow } }) => ({
    failon,
    only_fixable: onlyFixable,
    platforms: describeSelection(platforms),
    allow,
  }),
  provenance: trusted,
  approved: (config) => ({ head: config.approved.head, ...trusted(config) }),
};

/**
 * The settings in effect of one check: all that its judgement hangs on besides the evidence. Of a check of one's own these
 * are its options.
 */
export function policyOf(checkName: string, config: Config): object {
  const builtIn = CHECK_NAMES.find((name) => name === checkName);
  if (builtIn !== undefined) return SETTINGS[builtIn](config);
  const alias = aliasOf(checkName);
  const organisation = Object.entries(config.repositories).find(([name]) => name === alias)?.[1];
  if (organisation !== undefined) return { "org-url": organisation.orgUrl, ...trusted(config) };
  const custom = config.customChecks.find(({ name }) => name === checkName);
  return custom?.options === undefined ? {} : { options: custom.options };
}

/** The SHA-256 of a check's settings as canonical JSON (RFC 8785). */
export function policyDigest(checkName: string, config: Config): Digest {
  return digestOf(Buffer.from(canonicalize(policyOf(checkName, config)) ?? ""));
}

function trusted({ trustedBuilderIdentities, trustedProjects }: Config): object {
  return { trusted_builder_identities: trustedBuilderIdentities, trusted_projects: trustedProjects };
}
