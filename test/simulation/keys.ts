import { createHmac } from "node:crypto";
import { VoucherError } from "../../lib/errors.ts";
import type { KeyRing, Signer } from "../../lib/ports.ts";
import { createKeyRing, type TrustedKey } from "../../lib/sign/key-ring.ts";
import type { CheckName, Rotation } from "./history.ts";
import type { Caller, Wire } from "./wire.ts";

/** The keys that instances of one configuration sign with, and those that they trust. */
export interface Keys {
  readonly signing: ReadonlyMap<CheckName, string>;
  readonly trusted: readonly { readonly check: CheckName; readonly id: string }[];
}

/** The keys before a rotation, and after it. */
export function keysOf(checks: readonly CheckName[], rotation: Rotation | undefined): readonly [Keys, Keys] {
  const isRotated = (check: CheckName) => rotation?.checks.includes(check) ?? false;
  const first = checks.map((check) => ({ check, id: keyOf(check, 1) }));
  const second = checks.map((check) => ({ check, id: keyOf(check, isRotated(check) ? 2 : 1) }));
  const old = rotation?.oldTrusted === true ? first.filter(({ check }) => isRotated(check)) : [];
  return [keysFrom(first, []), keysFrom(second, old)];
}

function keysFrom(own: Keys["trusted"], besides: Keys["trusted"]): Keys {
  return { signing: new Map(own.map(({ check, id }) => [check, id])), trusted: [...own, ...besides] };
}

/** The first key of a check, and the one that takes its place. */
export function keyOf(check: CheckName, generation: 1 | 2): string {
  return `key-${check}-${generation}`;
}

/** The only signature of `key` over `bytes`. What it lacks in asymmetry it has in speed, and it is the same in every run. */
export function signatureOf(key: string, bytes: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(bytes).digest();
}

export function isSignatureOf(key: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  return Buffer.compare(signatureOf(key, bytes), signature) === 0;
}

/** A key service that signs, now and then. */
export function simulatedSigner(by: Caller, wire: Wire, { signing }: Keys): Signer {
  return {
    sign(checkName, bytes, signal) {
      return wire(by, {
        port: "signer",
        what: () => `sign for ${checkName}`,
        signal,
        serve() {
          const keyId = signing.get(checkName as CheckName);
          if (keyId === undefined) throw new VoucherError("key", `${checkName} has no key`);
          return { bytes: signatureOf(keyId, bytes), keyId };
        },
        faults: [{ answer: unavailable }, { answer: forbidden }, { answer: destroyed }],
        broken,
      });
    },
  };
}

/** The real key ring, over public keys that have to be asked for. */
export function simulatedKeyRing(by: Caller, wire: Wire, { trusted }: Keys): KeyRing {
  const { signal } = new AbortController();
  return createKeyRing(() =>
    wire<readonly TrustedKey[]>(by, {
      port: "keys",
      what: () => "read the public keys",
      signal,
      serve: () => trusted.map(({ check, id }) => ({ check, key: publicKey(id) })),
      faults: [{ answer: unavailable }, { answer: forbidden }],
      broken,
      late: { after: 60_000, error: unanswered },
    }),
  );
}

function publicKey(id: string): TrustedKey["key"] {
  return { id, verifies: (bytes, signature) => isSignatureOf(id, bytes, signature), text: () => id };
}

function unavailable(): never {
  throw new VoucherError("unavailable", "the key service is busy", { retryable: true });
}

function forbidden(): never {
  throw new VoucherError("forbidden", "the key service refuses");
}

function destroyed(): never {
  throw new VoucherError("key", "the key version is disabled");
}

function broken(): VoucherError {
  return new VoucherError("network", "the key service broke off", { retryable: true });
}

function unanswered(): VoucherError {
  return new VoucherError("timeout", "the key service did not answer", { retryable: true });
}
