import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyRing, Signer } from "../../lib/ports.ts";
import { generatePkixKey, type KeyPair } from "../../lib/sign/generate.ts";
import { createKeyRing, type TrustedKey } from "../../lib/sign/key-ring.ts";
import type { KeyedSigner } from "../../lib/sign/keyed-signer.ts";
import { createPkixSigner } from "../../lib/sign/pkix.ts";

export interface TestKeys {
  readonly signer: Signer;
  readonly trusted: readonly TrustedKey[];
  /** A ring that trusts exactly the keys of this signer, each for its check. */
  readonly keyRing: KeyRing;
  /** The key pair of a check. */
  pair(checkName: string): KeyPair;
}

/** A real signer with a new key for each check. Nothing stays on disk. */
export async function makeKeys(checkNames: readonly string[]): Promise<TestKeys> {
  const pairs = new Map<string, KeyPair>();
  for (const check of checkNames) pairs.set(check, await generatePkixKey());
  const signer = await signerOf([...pairs].map(([check, { privateKey }]) => [check, privateKey] as const));
  const trusted = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
  return {
    signer,
    trusted,
    keyRing: createKeyRing(async () => trusted),
    pair(checkName) {
      const pair = pairs.get(checkName);
      if (pair === undefined) throw new Error(`no key was made for ${checkName}`);
      return pair;
    },
  };
}

/** A signer over private keys in PEM form; it has read them when this returns, and the files are gone. Throws what it cannot read. */
export async function signerOf(
  keys: readonly (readonly [check: string, pem: string])[],
  options: { readonly allowSharedKeys?: boolean } = {},
): Promise<KeyedSigner> {
  const directory = await mkdtemp(join(tmpdir(), "voucher-keys-"));
  try {
    const files = await Promise.all(
      keys.map(async ([check, pem], position) => {
        const path = join(directory, `${position}.pem`);
        await writeFile(path, pem);
        return { check, path };
      }),
    );
    const signer = createPkixSigner(files, options);
    for (const { unreadable } of (await signer.publicKeys()).values()) if (unreadable) throw unreadable;
    return signer;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
