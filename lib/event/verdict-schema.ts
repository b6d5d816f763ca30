import * as z from "zod/mini";
import type { PlatformVerdict, Result, Verdict } from "./verdict.ts";

/** The answers' documents, for whoever reads them: the same as the types, which the annotations hold them to. */

const digest = z.string().check(z.describe("sha256:… or sha512:…"));
const success = z.boolean().check(z.describe("Whether it passed."));
const attested = z.boolean().check(z.describe("Whether every attestation that is owed exists and counts."));

const FindingSchema = z.object({
  id: z.string().check(z.describe("CVE-…, GHSA-… and others.")),
  severity: z.string(),
  package: z.string(),
  fixedIn: z.exactOptional(z.string()),
});

const DetailsSchema = z.object({
  CheckName: z.string(),
  Body: z.string().check(z.describe("The payload that was signed.")),
  Signature: z.string().check(z.describe("In base64, where it is not an armored OpenPGP message.")),
  KeyID: z.string(),
});

const ResultSchema: z.ZodMiniType<Result> = z.object({
  name: z.string().check(z.describe("The check.")),
  status: z.enum(["pass", "fail", "pending", "error"]),
  success,
  attested,
  error: z.exactOptional(z.string().check(z.describe("For people: what is wrong, and what to do about it."))),
  findings: z.exactOptional(z.array(FindingSchema)),
  details: z.exactOptional(DetailsSchema),
});

const PlatformVerdictSchema: z.ZodMiniType<PlatformVerdict> = z.object({
  platform: z.string().check(z.describe("As in linux/arm64/v8; `unknown` where nothing says it.")),
  digest,
  success,
  attested,
  results: z.array(ResultSchema),
});

const SkippedSchema = z.object({ digest, reason: z.string() });

export const VerdictSchema: z.ZodMiniType<Verdict> = z.object({
  image: z.string().check(z.describe("The image, named by its digest.")),
  tag: z.exactOptional(z.string()),
  kind: z.enum(["index", "image", "artifact"]),
  success: z
    .boolean()
    .check(z.describe("Every check passed and, unless it was a dry run, all owed is attested.")),
  attested,
  results: z.array(ResultSchema).check(z.describe("Of the image itself, one for each check.")),
  platforms: z.array(PlatformVerdictSchema).check(z.describe("In the index's own order.")),
  skipped: z.array(SkippedSchema).check(z.describe("What the index holds besides images.")),
  unscanned: z.exactOptional(
    z.array(z.string()).check(z.describe("Platforms that some check does not cover and has no result for.")),
  ),
});

/** The documents that a verdict is made of, by the names that descriptions give them. */
export const VERDICT_DOCUMENTS = {
  Verdict: VerdictSchema,
  PlatformVerdict: PlatformVerdictSchema,
  Result: ResultSchema,
  Finding: FindingSchema,
  Details: DetailsSchema,
  Skipped: SkippedSchema,
};
