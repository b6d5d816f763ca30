import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import type { Claim } from "../../lib/attest/claim.ts";
import { preAuthEncoding } from "../../lib/attest/dsse.ts";
import { labelOfSummary, SUMMARY_TYPE, summaryFormat } from "../../lib/attest/summary.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { parseCanonical } from "../../lib/image/reference.ts";

const VERIFIER = "https://voucher.example.com";
const AT = new Date("2026-11-25T12:00:00Z");
const POLICY = digestOf(Buffer.from("{}"));
const format = summaryFormat({ verifierId: VERIFIER, policyDigestOf: () => POLICY, now: () => AT });

const image = (name: string, repository = "gcr.io/project/app") =>
  parseCanonical(`${repository}@${digestOf(Buffer.from(name))}`);
const INDEX = image("index");
const CLAIM: Claim = { checkName: "nobody", subject: INDEX, platforms: [image("amd64"), image("arm64")] };
const hex = (name: string) => digestOf(Buffer.from(name)).slice("sha256:".length);

/** The published rules for the fields of a Statement v1 and of a VSA v1, and no field that they do not know. */
const Uri = z.string().check(z.refine((text) => URL.canParse(text)));
const DigestSet = z.partialRecord(z.enum(["sha256", "sha512"]), z.string().check(z.regex(/^[0-9a-f]+$/)));
const Resource = z.strictObject({ uri: Uri, digest: DigestSet });
const VsaSchema = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.array(z.strictObject({ name: z.string(), digest: DigestSet })).check(z.minLength(1)),
  predicateType: z.literal("https://slsa.dev/verification_summary/v1"),
  predicate: z.strictObject({
    verifier: z.strictObject({ id: Uri }),
    timeVerified: z.iso.datetime(),
    resourceUri: Uri,
    policy: Resource,
    inputAttestations: z.optional(z.array(Resource).check(z.minLength(1))),
    verificationResult: z.enum(["PASSED", "FAILED"]),
    verifiedLevels: z.array(z.string().check(z.regex(/^(?!SLSA_)\S+$/))).check(z.minLength(1)),
  }),
});

function parsed(claim: Claim) {
  return VsaSchema.parse(JSON.parse(Buffer.from(format.payloadOf(claim)).toString()));
}

describe("a verification summary", () => {
  it("names the check, its policy, the image, and the platforms that passed with it", () => {
    expect(parsed(CLAIM)).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: ["index", "amd64", "arm64"].map((name) => ({
        name: `gcr.io/project/app@sha256:${hex(name)}`,
        digest: { sha256: hex(name) },
      })),
      predicateType: SUMMARY_TYPE,
      predicate: {
        verifier: { id: VERIFIER },
        timeVerified: "2026-11-25T12:00:00.000Z",
        resourceUri: `https://gcr.io/project/app@sha256:${hex("index")}`,
        policy: { uri: `${VERIFIER}/checks/nobody`, digest: { sha256: POLICY.slice("sha256:".length) } },
        verificationResult: "PASSED",
        verifiedLevels: ["VOUCHER_NOBODY"],
      },
    });
  });

  it("lists the evidence where all of it has digests", () => {
    const input = { uri: `https://gcr.io/project/app@${POLICY}`, digest: POLICY };
    expect(parsed({ ...CLAIM, inputs: [input] }).predicate.inputAttestations).toEqual([
      { uri: input.uri, digest: { sha256: POLICY.slice("sha256:".length) } },
    ]);
  });

  it("claims no level of SLSA's, whatever a check is called", () => {
    expect(parsed({ ...CLAIM, checkName: "slsa_build" }).predicate.verifiedLevels).toEqual([
      "VOUCHER_SLSA_BUILD",
    ]);
  });

  it("is signed together with its type", () => {
    const payload = format.payloadOf(CLAIM);
    expect(format.signedBytes(payload)).toEqual(preAuthEncoding("application/vnd.in-toto+json", payload));
    expect(format.sharesPayload).toBe(false);
  });

  it("says what it is about", () => {
    expect(labelOfSummary(format.payloadOf(CLAIM), VERIFIER)).toEqual({
      checkName: "nobody",
      resourceUri: `https://gcr.io/project/app@${INDEX.digest}`,
      at: AT,
    });
    expect(labelOfSummary(format.payloadOf(CLAIM), "https://voucher.example")).toBeUndefined();
    expect(labelOfSummary(Buffer.from("{}"), VERIFIER)).toBeUndefined();
  });
});

describe("a summary counts", () => {
  const payload = format.payloadOf(CLAIM);
  const changed = (change: (document: string) => string) =>
    Buffer.from(change(Buffer.from(payload).toString()));

  it("for its own image and check", () => {
    expect(format.strangeness(payload, "nobody", INDEX)).toBeUndefined();
  });

  it.each([
    ["another digest", image("other"), "nobody", payload, "its summary names another digest"],
    [
      "a platform that it only lists",
      image("amd64"),
      "nobody",
      payload,
      "its summary is about another image",
    ],
    [
      "the same digest in another repository",
      image("index", "gcr.io/project/app-evil"),
      "nobody",
      payload,
      "its summary is about another image",
    ],
    ["another check", INDEX, "diy", payload, "its summary is about another check"],
    [
      "another verifier",
      INDEX,
      "nobody",
      changed((text) => text.replace(`"id":"${VERIFIER}"`, '"id":"https://other.example"')),
      "its summary is another verifier's",
    ],
    [
      "what failed",
      INDEX,
      "nobody",
      changed((text) => text.replace("PASSED", "FAILED")),
      "its summary does not say PASSED",
    ],
    [
      "another kind of statement",
      INDEX,
      "nobody",
      changed((text) => text.replace("verification_summary/v1", "provenance/v1")),
      "it is no readable verification summary",
    ],
    ["no statement", INDEX, "nobody", Buffer.from("{}"), "it is no readable verification summary"],
  ])("not for %s", (_, subject, check, document, why) => {
    expect(format.strangeness(document, check, subject)).toBe(why);
  });
});
