import { VoucherError } from "../errors.ts";
import type { Platform } from "../image/platform.ts";
import type { Evidence } from "../ports.ts";
import { type Check, error } from "./contract.ts";
import { ownCopy } from "./own-copy.ts";
import { readOutcome } from "./read-outcome.ts";
import { oneLine } from "./wording.ts";

export interface GuardOptions {
  /** How long a judgement may take, in milliseconds. */
  readonly timeoutMilliseconds?: number;
}

const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Returns a check that somebody else wrote so that it can harm nobody: what it throws, an answer that takes too long and
 * an answer that makes no sense are an `error` of this check alone, and it judges a copy of the evidence. It never throws.
 * What keeps the thread busy cannot be stopped.
 */
export function guarded(
  check: Check,
  { timeoutMilliseconds = TIMEOUT_MILLISECONDS }: GuardOptions = {},
): Check {
  const { name, description } = check;
  return {
    name,
    description,
    // Where it cannot tell, the platform is judged, and the judgement says what is wrong.
    covers: (platform) => attempt(() => covers(check, platform)) ?? true,
    async judge(evidence) {
      try {
        covers(check, evidence.image.platform);
        return readOutcome(await inTime(check, ownCopy(evidence), timeoutMilliseconds));
      } catch (thrown) {
        return error(faultOf(name, thrown));
      }
    },
  };
}

/** Throws what `check.covers` throws, and for an answer that is neither true nor false. */
function covers(check: Check, platform: Platform): boolean {
  const answer: unknown = check.covers === undefined ? true : check.covers(structuredClone(platform));
  if (typeof answer !== "boolean") throw new Error("its `covers` answers neither true nor false");
  return answer;
}

/** The race listens to both, so that an answer or a fault that comes too late is heard by somebody. */
async function inTime(check: Check, evidence: Evidence, milliseconds: number): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(check.name, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([check.judge(evidence), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Evidence may have been slow to come, so a later judgement may be in time. */
function late(name: string, milliseconds: number): VoucherError {
  const message = `the check ${name} gave no answer within ${milliseconds / 1000} s`;
  return new VoucherError("internal", message, { retryable: true });
}

/** A fault of the evidence passes through the check and stays what it is. */
function faultOf(name: string, thrown: unknown): VoucherError {
  if (thrown instanceof VoucherError) return thrown;
  const message = thrown instanceof Error ? oneLine(String(thrown.message)) : "what it threw is no Error";
  return new VoucherError("internal", `the check ${name} is broken: ${message}`, { cause: thrown });
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
