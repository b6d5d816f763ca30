import { type Envelope, preAuthEncoding } from "../attest/dsse.ts";
import { isAbout, readStatement } from "../attest/statement.ts";
import { error, fail, pass } from "../check/contract.ts";
import { asVoucherError, type VoucherError } from "../errors.ts";
import type { Canonical, Reference } from "../image/reference.ts";
import type { KeyRing, Resolver, StatementSource } from "../ports.ts";
import type { Counting, Judgement, PlatformReview, Review } from "./judgement.ts";
import { indexOutcome } from "./policy.ts";
import { childReference, outOfScope, type PlatformPolicy, scopeOf } from "./scope.ts";

export interface ByKeyRequest {
  readonly image: Reference;
  /** Which platforms of the image are meant; without, the very digest that is named, as cosign reads it. */
  readonly platforms?: PlatformPolicy["select"] | undefined;
  /** What people call the key. */
  readonly keyName: string;
}

export interface ByKeyPorts {
  readonly resolver: Resolver;
  readonly statements: StatementSource;
  /** Trusts the key for {@link ANYTHING}. */
  readonly keyRing: KeyRing;
}

/** What is judged where nothing is found; else it is what a statement says of itself, its predicate type. */
export const ANYTHING = "attestation";

/** The statements about one digest that verify, by their predicate types; or why that cannot be said. */
type Found = ReadonlyMap<string, Counting> | VoucherError;

/**
 * Says which signed statements about an image verify under one key, whatever they say and whoever wrote them: an answer for
 * each predicate type. Throws what resolving the image throws.
 */
export async function verifyByKey(
  { image, platforms: select, keyName }: ByKeyRequest,
  ports: ByKeyPorts,
  signal: AbortSignal,
): Promise<Review> {
  const resolved = await ports.resolver.resolve(image, signal);
  const { reference, kind } = resolved;
  const skipped = kind === "image" ? [] : resolved.skipped;
  const answer = { reference, kind, skipped, owed: "every", dryRun: false } as const;
  if (select === undefined) {
    const judgements = judge([await find(reference, ports, signal)], keyName).flat();
    return { ...answer, judgements, platforms: [], indexOwed: true };
  }
  const scope = scopeOf(resolved, { select, index: "never" });
  if (scope.kind === "out") return outOfScope(scope, [{ name: ANYTHING }], false);
  const references = scope.platforms.map((child) => childReference(reference, child));
  const found = await Promise.all(references.map((one) => find(one, ports, signal)));
  const platforms = judge(found, keyName).map((judgements, at): PlatformReview => {
    const platform = scope.platforms[at]?.platform;
    const named = platform === undefined ? {} : { platform };
    return { reference: references[at] ?? reference, ...named, judgements };
  });
  const names = platforms[0]?.judgements.map(({ checkName }) => checkName) ?? [];
  const summedUp = names.map((checkName) => ({ checkName, outcome: indexOutcome(checkName, platforms) }));
  const own = scope.single ? platforms.flatMap(({ judgements }) => judgements) : summedUp;
  return { ...answer, judgements: own, platforms, indexOwed: false };
}

async function find(
  subject: Canonical,
  { statements, keyRing }: ByKeyPorts,
  signal: AbortSignal,
): Promise<Found> {
  try {
    const found = new Map<string, Counting>();
    for (const envelope of await statements.of(subject, signal)) {
      const statement = readStatement(envelope.payload);
      if (statement === undefined || !isAbout(statement, subject.digest)) continue;
      const counting = await countingIn(envelope, keyRing, signal);
      if (counting !== undefined) found.set(statement.predicateType, counting);
    }
    return found;
  } catch (fault) {
    return asVoucherError(fault);
  }
}

async function countingIn(
  { payloadType, payload, signatures }: Envelope,
  keyRing: KeyRing,
  signal: AbortSignal,
): Promise<Counting | undefined> {
  const signed = preAuthEncoding(payloadType, payload);
  for (const signature of signatures) {
    const verdict = await keyRing.verify(ANYTHING, signed, signature, signal);
    if (verdict.counts) return { payload, signature: { ...signature, keyId: verdict.keyId } };
  }
  return undefined;
}

/** Judges each digest by every predicate type that one of them has: what only some have, the others lack. */
function judge(all: readonly Found[], keyName: string): readonly (readonly Judgement[])[] {
  const types = new Set(all.flatMap((found) => ("code" in found ? [] : [...found.keys()])));
  const names = types.size === 0 ? [ANYTHING] : [...types];
  return all.map((found) =>
    names.map((checkName): Judgement => {
      if ("code" in found) return { checkName, outcome: error(found) };
      const attestation = found.get(checkName);
      if (attestation !== undefined) return { checkName, outcome: pass, attestation };
      return { checkName, outcome: fail(`no attestation of it verifies under ${keyName}`) };
    }),
  );
}
