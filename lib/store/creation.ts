import pLimit from "p-limit";
import type { Attestation, StoredAttestation } from "../attest/attestation.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { PutAnswer } from "../ports.ts";
import { type Pace, retry } from "../retry.ts";
import { standingOf } from "./standing.ts";

/** How a store makes attestations: one at a time or many, with the risk that an answer gets lost in either case. */
export interface Creation {
  /** Is not repeated by itself. Throws `conflict` where another stands in its place. */
  create(attestation: Attestation, signal: AbortSignal): Promise<void>;
  /** Not atomic: after a failure any of them may stand. */
  createBatch(attestations: readonly Attestation[], signal: AbortSignal): Promise<void>;
  /** What stands now in the places of `attestations`. */
  look(attestations: readonly Attestation[], signal: AbortSignal): Promise<readonly StoredAttestation[]>;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff: number;
  readonly pace?: Pace | undefined;
}

const CREATES_AT_ONCE = 8;

/**
 * Creates one attestation. Its answer may get lost after the work was done, so each try but the first looks before it
 * creates: what an earlier try has made is a success, not a conflict. Never throws.
 */
export async function createOne(
  creation: Creation,
  attestation: Attestation,
  signal: AbortSignal,
): Promise<PutAnswer> {
  let tries = 0;
  const attempt = async (): Promise<PutAnswer> => {
    tries += 1;
    const found = tries > 1 ? await creation.look([attestation], signal).catch(asVoucherError) : [];
    // Looking has its own repetitions; where it fails after those, creating blindly could make a second one.
    if (found instanceof VoucherError) return { status: "failed", error: found };
    const standing = standingOf(attestation, found);
    if (standing !== "missing") return { status: standing };
    await creation.create(attestation, signal);
    return { status: "stored" };
  };
  return retry(attempt, { signal, unit: creation.backOff, ...creation.pace }).catch(toAnswer);
}

/**
 * Creates many with one request. After any failure of it, asks which of them stand now, and creates the missing ones one
 * by one: a conflict of one may fail the whole batch, or leave the others created. Never throws.
 */
export async function createMany(
  creation: Creation,
  attestations: readonly Attestation[],
  signal: AbortSignal,
): Promise<readonly PutAnswer[]> {
  const [first] = attestations;
  // Alone it needs no batch, whose errors say less.
  if (first !== undefined && attestations.length === 1) return [await createOne(creation, first, signal)];
  try {
    await creation.createBatch(attestations, signal);
    return attestations.map(() => ({ status: "stored" }));
  } catch {
    return createMissing(creation, attestations, signal);
  }
}

async function createMissing(creation: Creation, attestations: readonly Attestation[], signal: AbortSignal) {
  const found = await creation.look(attestations, signal).catch(asVoucherError);
  if (found instanceof VoucherError)
    return attestations.map((): PutAnswer => ({ status: "failed", error: found }));
  const limit = pLimit(CREATES_AT_ONCE);
  return limit.map(attestations, async (attestation): Promise<PutAnswer> => {
    const standing = standingOf(attestation, found);
    return standing === "missing" ? createOne(creation, attestation, signal) : { status: standing };
  });
}

function toAnswer(fault: unknown): PutAnswer {
  const error = asVoucherError(fault);
  return error.code === "conflict" ? { status: "conflict" } : { status: "failed", error };
}
