import * as z from "zod/mini";
import type { Digest } from "../image/digest.ts";
import { IN_TOTO } from "../image/media-types.ts";
import { type Canonical, canonical, formatReference, uriOf } from "../image/reference.ts";
import type { Format } from "./claim.ts";
import { preAuthEncoding } from "./dsse.ts";
import { digestSet, isAbout, readStatement, type Statement, statementBytes } from "./statement.ts";

export const SUMMARY_TYPE = "https://slsa.dev/verification_summary/v1";

/** What summaries say besides the claim. */
export interface SummaryOptions {
  /** Who verifies: a URI without a slash at its end. */
  readonly verifierId: string;
  /** The digest of what a check is told by the configuration. */
  readonly policyDigestOf: (checkName: string) => Digest;
  readonly now: () => Date;
}

// Only what is read; a summary may say more.
const SummarySchema = z.object({
  verifier: z.object({ id: z.string() }),
  timeVerified: z.string(),
  resourceUri: z.string(),
  policy: z.object({ uri: z.string() }),
  verificationResult: z.enum(["PASSED", "FAILED"]),
});

/**
 * SLSA Verification Summaries (VSA v1) in in-toto statements, signed as DSSE says. One is about one digest and one check,
 * which its `policy.uri` names; it says PASSED, never anything else.
 */
export function summaryFormat({ verifierId, policyDigestOf, now }: SummaryOptions): Format {
  const policyUri = (checkName: string) => `${verifierId}/checks/${checkName}`;
  return {
    sharesPayload: false,
    payloadOf({ checkName, subject, platforms, inputs = [] }) {
      const predicate = {
        verifier: { id: verifierId },
        timeVerified: now().toISOString(),
        resourceUri: uriOf(subject),
        policy: { uri: policyUri(checkName), digest: digestSet(policyDigestOf(checkName)) },
        ...(inputs.length === 0
          ? {}
          : { inputAttestations: inputs.map(({ uri, digest }) => ({ uri, digest: digestSet(digest) })) }),
        verificationResult: "PASSED",
        verifiedLevels: [levelOf(checkName)],
      };
      const subjects = [subject, ...platforms].map(toSubject);
      return statementBytes({ predicateType: SUMMARY_TYPE, subjects, predicate });
    },
    signedBytes: (payload) => preAuthEncoding(IN_TOTO, payload),
    strangeness(payload, checkName, subject) {
      const statement = readStatement(payload);
      const summary = statement === undefined ? undefined : summaryIn(statement);
      if (statement === undefined || summary === undefined) return "it is no readable verification summary";
      if (!isAbout(statement, subject.digest)) return "its summary names another digest";
      if (summary.resourceUri !== uriOf(subject)) return "its summary is about another image";
      if (summary.verifier.id !== verifierId) return "its summary is another verifier's";
      if (summary.policy.uri !== policyUri(checkName)) return "its summary is about another check";
      return summary.verificationResult === "PASSED" ? undefined : "its summary does not say PASSED";
    },
  };
}

/** What a summary says of itself: which check of this verifier it is about, of which image, and when that was. */
export interface SummaryLabel {
  readonly checkName: string;
  readonly resourceUri: string;
  readonly at: Date;
}

/** Returns `undefined` for what is no summary of a check of `verifierId`. Nothing of it is verified yet. Never throws. */
export function labelOfSummary(payload: Uint8Array, verifierId: string): SummaryLabel | undefined {
  const statement = readStatement(payload);
  const summary = statement === undefined ? undefined : summaryIn(statement);
  const prefix = `${verifierId}/checks/`;
  if (!summary?.policy.uri.startsWith(prefix)) return undefined;
  const at = new Date(summary.timeVerified);
  if (Number.isNaN(at.getTime())) return undefined;
  return { checkName: summary.policy.uri.slice(prefix.length), resourceUri: summary.resourceUri, at };
}

function summaryIn({ predicateType, predicate }: Statement): z.infer<typeof SummarySchema> | undefined {
  return predicateType === SUMMARY_TYPE ? SummarySchema.safeParse(predicate).data : undefined;
}

/** Never SLSA's own prefix, whatever the check is called: those levels are not ours to give. */
function levelOf(checkName: string): string {
  return `VOUCHER_${checkName.toUpperCase()}`;
}

function toSubject(image: Canonical) {
  const name = formatReference(canonical(image, image.digest));
  return { name, digest: digestSet(image.digest) };
}
