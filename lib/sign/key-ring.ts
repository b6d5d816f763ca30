import { VoucherError } from "../errors.ts";
import { loadOnce } from "../once.ts";
import type { KeyRing } from "../ports.ts";
import { untilAborted } from "../retry.ts";
import type { PublicKey } from "./public-key.ts";

/** A key that is trusted for one check. */
export interface TrustedKey {
  readonly check: string;
  readonly key: PublicKey;
}

export interface KeyRingOptions {
  /** Whether key ids only hint at a key, as DSSE has it: then every key that is trusted for the check is tried. */
  readonly idsAreHints?: boolean;
}

/**
 * A key ring over the keys that `trusted` returns, asked on first use, and again while one of them cannot be read. A
 * signature counts for a check only under a key trusted for that very check, named by the key id it carries: to the letter,
 * as admission controllers compare it, unless ids are only hints. Throws why where the key of the check that might have made
 * it cannot be read or asked, and no other verifies.
 */
export function createKeyRing(
  trusted: () => Promise<readonly TrustedKey[]>,
  { idsAreHints = false }: KeyRingOptions = {},
): KeyRing {
  const keys = loadOnce(trusted, (all) => all.every(({ key }) => key.unreadable === undefined));
  return {
    async verify(checkName, bytes, signature, signal) {
      const all = await untilAborted(keys(), signal);
      const readable = all.filter(({ key }) => key.unreadable === undefined);
      const named = idsAreHints ? readable : readable.filter(({ key }) => key.id === signature.keyId);
      const own = named.filter(({ check }) => check === checkName);
      const unreadable = all.find(({ check, key }) => check === checkName && key.unreadable)?.key.unreadable;
      const mayBeUnread = unreadable !== undefined && (idsAreHints || named.length === 0);
      if (own.length === 0) {
        if (mayBeUnread) throw unreadable;
        const reason = idsAreHints
          ? `no key is trusted for ${checkName}`
          : strangeKey(signature.keyId, named);
        return { counts: false, reason };
      }
      let reason = idsAreHints
        ? `its signature verifies under no key that is trusted for ${checkName}`
        : `its signature does not verify under the key ${signature.keyId}`;
      let fault: { readonly thrown: unknown } | undefined;
      for (const { key } of own) {
        try {
          const said = await ask(key, bytes, signature.bytes, signal);
          if (said === true) return { counts: true, keyId: key.id };
          if (said !== false) reason = said;
        } catch (thrown) {
          fault ??= { thrown };
        }
      }
      if (fault !== undefined) throw fault.thrown;
      if (mayBeUnread) throw unreadable;
      return { counts: false, reason };
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
