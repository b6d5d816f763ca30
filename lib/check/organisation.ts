import { VoucherError } from "../errors.ts";
import { parseSourceOwner, parseSourceRepository, type SourceOwner, sameOwner } from "../image/source.ts";
import type { BuildRecord, Source } from "../ports.ts";
import { type Check, fail, type Outcome, pass } from "./contract.ts";
import { organisationCheck } from "./names.ts";
import { allOf, anyOf } from "./outcomes.ts";
import { type BuildTrust, trustedBuilds } from "./trusted-builds.ts";
import { plain, quote } from "./wording.ts";

export interface OrganisationSettings extends BuildTrust {
  readonly alias: string;
  /** The organisation's address on its host, as in `https://github.com/acme`. */
  readonly orgUrl: string;
}

/** Passes images that a trusted build made from the organisation's own source. Throws `config` for an unusable `orgUrl`. */
export function organisation({ alias, orgUrl, ...trust }: OrganisationSettings): Check {
  const owner = parseSourceOwner(orgUrl);
  if (owner === undefined) {
    throw new VoucherError(
      "config",
      `repository.${alias}.org-url: ${quote(orgUrl)} is no organisation's address; write it as https://github.com/acme`,
    );
  }
  return {
    name: organisationCheck(alias),
    description: `A trusted builder built the image from source of ${owner.host}/${owner.owner}.`,
    async judge(evidence) {
      const builds = await trustedBuilds(evidence, trust);
      return "outcome" in builds
        ? builds.outcome
        : anyOf(builds.records.map((record) => judgeBuild(record, owner)));
    },
  };
}

/** What was built from several repositories is the organisation's only if each of them is. */
function judgeBuild({ id, sources }: BuildRecord, owner: SourceOwner): Outcome {
  if (sources.length === 0)
    return fail(`the build record ${plain(id)} does not say what source it was built from`);
  return allOf(sources.map((source) => judgeSource(source, owner)));
}

/** An address is shown only as far as it was understood: it may carry a password. */
function judgeSource({ url }: Source, owner: SourceOwner): Outcome {
  const source = parseSourceRepository(url);
  if (source === undefined) return fail("the build record's source is no repository's address");
  if (sameOwner(source, owner)) return pass;
  return fail(
    `the source ${source.host}/${source.owner}/${source.repository} is not of ${owner.host}/${owner.owner}`,
  );
}
