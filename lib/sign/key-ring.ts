import type { KeyRing } from "../ports.ts";
import type { PublicKey } from "./public-key.ts";

/** A key that is trusted for one check. */
export interface TrustedKey {
  readonly check: string;
  readonly key: PublicKey;
}

/**
 * A key ring over the keys that `trusted` returns, asked once, on first use. A signature counts for a check only under
 * a key trusted for that very check, named by the key id it carries.
 */
export function createKeyRing(trusted: () => Promise<readonly TrustedKey[]>): KeyRing {
  let loading: Promise<readonly TrustedKey[]> | undefined;
  return {
    async verify(checkName, bytes, signature) {
      loading ??= trusted().catch((fault) => {
        loading = undefined;
        throw fault;
      });
      const named = (await loading).filter(({ key }) => key.id === signature.keyId);
      const own = named.filter(({ check }) => check === checkName);
      if (own.length === 0) return { counts: false, reason: strangeKey(signature.keyId, named) };
      return own.some(({ key }) => key.verifies(bytes, signature.bytes))
        ? { counts: true, keyId: signature.keyId }
        : { counts: false, reason: `its signature does not verify under the key ${signature.keyId}` };
    },
  };
}

function strangeKey(keyId: string, elsewhere: readonly TrustedKey[]): string {
  const owner = elsewhere[0]?.check;
  return owner === undefined
    ? `it was made with an unknown key (${keyId === "" ? "none named" : keyId})`
    : `it was made with the key of the check ${owner}`;
}
