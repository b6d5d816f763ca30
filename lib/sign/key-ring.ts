import { VoucherError } from "../errors.ts";
import { loadOnce } from "../once.ts";
import type { KeyRing, KeyVerdict } from "../ports.ts";
import { untilAborted } from "../retry.ts";
import type { PublicKey } from "./public-key.ts";

/** A key that is trusted for one check. */
export interface TrustedKey {
  readonly check: string;
  readonly key: PublicKey;
}

/**
 * A key ring over the keys that `trusted` returns, asked on first use, and again while one of them cannot be read. A
 * signature counts for a check only under a key trusted for that very check, named by the key id it carries: to the letter,
 * as admission controllers compare it. Throws why where the key of the check that might have made it cannot be read.
 */
export function createKeyRing(trusted: () => Promise<readonly TrustedKey[]>): KeyRing {
  const keys = loadOnce(trusted, (all) => all.every(({ key }) => key.unreadable === undefined));
  return {
    async verify(checkName, bytes, signature, signal) {
      const all = await untilAborted(keys(), signal);
      const named = all.filter(({ key }) => key.unreadable === undefined && key.id === signature.keyId);
      const own = named.filter(({ check }) => check === checkName);
      const unreadable = all.find(({ check, key }) => check === checkName && key.unreadable)?.key.unreadable;
      if (named.length === 0 && unreadable !== undefined) throw unreadable;
      if (own.length === 0) return { counts: false, reason: strangeKey(signature.keyId, named) };
      let verdict: KeyVerdict = {
        counts: false,
        reason: `its signature does not verify under the key ${signature.keyId}`,
      };
      for (const { key } of own) {
        const said = await ask(key, bytes, signature.bytes, signal);
        if (said === true) return { counts: true, keyId: signature.keyId };
        if (said !== false) verdict = { counts: false, reason: said };
      }
      return verdict;
    },
  };
}

/** Whether it verifies; or why the key itself can never say: one that was destroyed, for example, vouches for nothing. */
async function ask(
  key: PublicKey,
  bytes: Uint8Array,
  signature: Uint8Array,
  signal: AbortSignal,
): Promise<boolean | string> {
  try {
    return await untilAborted(Promise.resolve(key.verifies(bytes, signature)), signal);
  } catch (fault) {
    if (!(fault instanceof VoucherError && fault.code === "key")) throw fault;
    return `its key cannot be used: ${fault.message}`;
  }
}

function strangeKey(keyId: string, elsewhere: readonly TrustedKey[]): string {
  const owner = elsewhere[0]?.check;
  return owner === undefined
    ? `it was made with an unknown key (${keyId === "" ? "none named" : keyId})`
    : `it was made with the key of the check ${owner}`;
}
