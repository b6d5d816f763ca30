import * as z from "zod/mini";
import type { Verdict } from "../app.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";
import { type Canonical, formatReference } from "../image/reference.ts";

/** What a Voucher server answered. */
export interface Answer {
  /** Whether the image is approved, in the server's own opinion. */
  readonly success: boolean;
  /** The same in our words; of an old server, which knows of no platforms, as far as it goes. */
  readonly verdict: Verdict;
}

/** Text of the server's that ends up on somebody's terminal: nothing in it may steer that. */
const text = z.pipe(
  z.string(),
  z.transform((written: string) => written.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")),
);

const DetailsSchema = z.object({
  CheckName: z.string(),
  Body: z.string(),
  Signature: z.string(),
  KeyID: z.string(),
});

const FindingSchema = z.object({
  id: text,
  severity: text,
  package: text,
  fixedIn: z.optional(text),
});

const ResultSchema = z.object({
  name: text,
  status: z.optional(z.enum(["pass", "fail", "pending", "error"])),
  success: z.boolean(),
  attested: z._default(z.boolean(), false),
  error: z.optional(text),
  details: z.optional(z.unknown()),
  findings: z.optional(z.array(FindingSchema)),
});

const PlatformSchema = z.object({
  platform: text,
  digest: text,
  success: z.boolean(),
  attested: z.boolean(),
  results: z.array(ResultSchema),
});

const AnswerSchema = z.object({
  image: text,
  tag: z.optional(text),
  kind: z.optional(z.enum(["index", "image", "artifact"])),
  success: z.boolean(),
  attested: z.optional(z.boolean()),
  // Go writes a list without members as null.
  results: z.nullish(z.array(ResultSchema)),
  platforms: z.optional(z.array(PlatformSchema)),
  skipped: z.optional(z.array(z.object({ digest: text, reason: text }))),
  unscanned: z.optional(z.array(text)),
});

type Said = z.infer<typeof AnswerSchema>;
type SaidResult = z.infer<typeof ResultSchema>;
type Result = Verdict["results"][number];

/**
 * Reads the answer of a Voucher server of any age about `asked`. Throws `malformed` for what is none, speaks of another
 * image, or approves one that no check looked at.
 */
export function readAnswer(bytes: Uint8Array, asked: Canonical): Answer {
  const parsed = AnswerSchema.safeParse(documentIn(bytes));
  if (!parsed.success) {
    const member = parsed.error.issues[0]?.path.join(".").slice(0, 100) || "it";
    throw malformed(`it is no verdict: ${member} is missing or has the wrong type`);
  }
  const said = parsed.data;
  if (!said.image.endsWith(`@${asked.digest}`)) {
    throw malformed(`it speaks of ${said.image.slice(0, 300)}, not of ${formatReference(asked)}`);
  }
  const verdict = toVerdict(said);
  if (said.success && verdict.results.length === 0) {
    throw malformed("it approves the image without a single check; is the group empty on the server?");
  }
  const success = said.success && verdict.results.every((result) => result.success);
  return { success, verdict: { ...verdict, success: success && verdict.success } };
}

function documentIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw malformed(asVoucherError(cause).message);
  }
}

function toVerdict(said: Said): Verdict {
  const results = (said.results ?? []).map(toResult);
  const { tag, unscanned } = said;
  // An old server counts a check as passed whose attestation it could not store; only the error beside it tells.
  const isOld = said.platforms === undefined;
  const unstored =
    isOld && results.some(({ success, attested, error }) => success && !attested && error !== undefined);
  return {
    image: said.image,
    ...(tag === undefined ? {} : { tag }),
    kind: said.kind ?? "image",
    success: said.success && !unstored,
    attested: said.attested ?? (results.length > 0 && results.every(({ attested }) => attested)),
    results,
    platforms: (said.platforms ?? []).map((one) => ({ ...one, results: one.results.map(toResult) })),
    skipped: said.skipped ?? [],
    ...(unscanned === undefined ? {} : { unscanned }),
  };
}

function toResult({ name, status, success, attested, error, details, findings }: SaidResult): Result {
  const attestation = DetailsSchema.safeParse(details);
  return {
    name,
    status: status ?? (success ? "pass" : "fail"),
    success,
    attested,
    ...(error === undefined || error === "" ? {} : { error }),
    ...(findings === undefined ? {} : { findings: findings.map(toFinding) }),
    ...(attestation.success ? { details: attestation.data } : {}),
  };
}

function toFinding({ fixedIn, ...finding }: z.infer<typeof FindingSchema>) {
  return { ...finding, ...(fixedIn === undefined ? {} : { fixedIn }) };
}

function malformed(why: string): VoucherError {
  return new VoucherError("malformed", `the server's answer cannot be used: ${why}`);
}
