import pLimit from "p-limit";
import type { Attestation } from "../attest/attestation.ts";
import type { Claim, Format } from "../attest/claim.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { formatReference } from "../image/reference.ts";
import type { AttestationStore, KeyRing, Observer, Put, PutAnswer, Signer } from "../ports.ts";
import { type Existing, findExisting } from "./existing.ts";
import type { Judgement } from "./judgement.ts";

/** A check that a digest passed and whose attestation is still to be made. */
export interface Owed extends Claim {
  readonly existing: Existing;
}

/** What became of one attestation owed: the part of a judgement that speaks of it. */
export type Attested = Pick<Judgement, "attestation" | "unstored">;

export interface AttestPorts {
  readonly signer: Signer;
  readonly store: AttestationStore;
  readonly keyRing: KeyRing;
  readonly observer: Observer;
}

/** A key service has a quota; the largest review owes hundreds. */
const SIGNATURES_AT_ONCE = 16;

type Puts = ReadonlyMap<Owed, Put>;

/**
 * Signs and stores what is owed, all of it in one go, and answers for each. Nothing is thrown: what could not be signed
 * or stored says so, and the rest is stored all the same.
 */
export async function attest(
  owed: readonly Owed[],
  ports: AttestPorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<Owed, Attested>> {
  const answers = new Map<Owed, Attested>();
  if (owed.length === 0) return answers;
  const { observer } = ports;
  const done = owed.map((one) => begin(one, observer));
  const signed = await observer.stage("sign", () => signAll(owed, ports, answers, signal));
  if (signed.size > 0) await observer.stage("publish", () => storeAll(signed, ports, answers, signal));
  for (const end of done) end(answers);
  return answers;
}

/** Tells the observer that an attestation is made; what it returns tells what became of it. */
function begin(one: Owed, observer: Observer): (answers: ReadonlyMap<Owed, Attested>) => void {
  const about = { check: one.checkName };
  observer.count("check.attestation.start", about);
  const done = observer.time("check.attestation.latency", about);
  return (answers) => {
    done();
    const error = answers.get(one)?.unstored;
    if (error === undefined) observer.count("check.attestation.success", about);
    else observer.count("check.attestation.error", { ...about, error });
  };
}

async function storeAll(
  signed: Puts,
  ports: AttestPorts,
  answers: Map<Owed, Attested>,
  signal: AbortSignal,
): Promise<void> {
  const conflicts = await putAll(signed, ports.store, answers, signal);
  const replacing = await settleConflicts(conflicts, ports, answers, signal);
  const lost = await putAll(replacing, ports.store, answers, signal);
  for (const one of lost.keys()) answers.set(one, { unstored: notVisible(one) });
}

async function signAll(
  owed: readonly Owed[],
  ports: AttestPorts,
  answers: Map<Owed, Attested>,
  signal: AbortSignal,
): Promise<Puts> {
  const puts = new Map<Owed, Put>();
  const sign = async (one: Owed) => {
    if (one.existing.undecided !== undefined) throw one.existing.undecided; // what stands there may count
    const { format } = ports.store;
    const payload = payloadOf(one, format);
    const signature = await ports.signer.sign(one.checkName, format.signedBytes(payload), signal);
    const attestation = { checkName: one.checkName, subject: one.subject, payload, signature };
    puts.set(one, putOf(attestation, one.existing));
  };
  const limit = pLimit(SIGNATURES_AT_ONCE);
  const attempts = owed.map((one) =>
    limit(sign, one).catch((fault) => answers.set(one, { unstored: asVoucherError(fault) })),
  );
  await Promise.all(attempts);
  return puts;
}

/**
 * Signatures that are kept verify over the payload that they were made over: beside them ours is made over the same bytes.
 * They count, so those bytes speak of this very image.
 */
function payloadOf({ existing: { replaceable }, ...claim }: Owed, format: Format): Uint8Array {
  const kept = format.sharesPayload && replaceable !== undefined && replaceable.keep.length > 0;
  return kept ? replaceable.stored.payload : format.payloadOf(claim);
}

/** In the place of what stands there, if anything does. A key's older signature gives way to its new one. */
function putOf(attestation: Attestation, { replaceable }: Existing): Put {
  if (replaceable === undefined) return { attestation };
  const keep = replaceable.keep.filter(({ keyId }) => keyId !== attestation.signature.keyId);
  return { attestation, replaces: { stored: replaceable.stored, keep } };
}

/** Puts all, answers for those that were stored or failed, and returns those that met a conflict. */
async function putAll(
  puts: Puts,
  store: AttestationStore,
  answers: Map<Owed, Attested>,
  signal: AbortSignal,
): Promise<Puts> {
  const conflicts = new Map<Owed, Put>();
  if (puts.size === 0) return conflicts;
  const statuses = await store.put([...puts.values()], signal).catch((fault): PutAnswer[] => {
    const error = asVoucherError(fault);
    return [...puts].map(() => ({ status: "failed", error }));
  });
  [...puts].forEach(([one, put], at) => {
    const answer = statuses[at] ?? {
      status: "failed",
      error: new VoucherError("internal", "the store gave no answer"),
    };
    if (answer.status === "conflict") conflicts.set(one, put);
    else if (answer.status === "failed") answers.set(one, { unstored: answer.error });
    else answers.set(one, { attestation: put.attestation });
  });
  return conflicts;
}

/**
 * A conflict is success only if what stands there counts. Where nothing is to be seen yet (reads lag writes), the same
 * call may succeed later. What does not count is to be replaced: those are returned.
 */
async function settleConflicts(
  conflicts: Puts,
  ports: AttestPorts,
  answers: Map<Owed, Attested>,
  signal: AbortSignal,
): Promise<Puts> {
  const replacing = new Map<Owed, Put>();
  if (conflicts.size === 0) return replacing;
  const found = await lookAgain([...conflicts.keys()], ports, signal);
  for (const [one, { attestation }] of conflicts) {
    if (found instanceof VoucherError) {
      answers.set(one, { unstored: found });
      continue;
    }
    const existing = found(one.subject, one.checkName);
    if (existing.counting !== undefined) answers.set(one, { attestation: existing.counting });
    else if (existing.undecided !== undefined) answers.set(one, { unstored: existing.undecided });
    else if (existing.replaceable === undefined) answers.set(one, { unstored: notVisible(one) });
    else replacing.set(one, putOf(attestation, existing));
  }
  return replacing;
}

async function lookAgain(owed: readonly Owed[], ports: AttestPorts, signal: AbortSignal) {
  const subjects = new Map(owed.map(({ subject }) => [formatReference(subject), subject]));
  const checkNames = new Set(owed.map(({ checkName }) => checkName));
  return findExisting([...subjects.values()], [...checkNames], ports, signal).catch(asVoucherError);
}

function notVisible({ subject, checkName }: Owed): VoucherError {
  const message = `an attestation of ${checkName} exists for ${formatReference(subject)}, but cannot be read yet`;
  return new VoucherError("conflict", message, { retryable: true });
}
