import type { Config } from "../config/config.ts";
import type { Secrets } from "../config/secrets/secrets.ts";
import { sourceOf } from "../config/secrets/source.ts";
import { VoucherError } from "../errors.ts";
import { parseEndpoint } from "../google/endpoint.ts";
import { createRest } from "../google/rest.ts";
import type { KeyRing } from "../ports.ts";
import { createKeyRing } from "../sign/key-ring.ts";
import { type KeyedSigner, refuseSharedKeys } from "../sign/keyed-signer.ts";
import { createKmsSigner } from "../sign/kms.ts";
import { createPgpSigner, type PgpKey } from "../sign/pgp.ts";
import { createPkixSigner } from "../sign/pkix.ts";
import { keyHint } from "../sign/public-key.ts";
import { readTrustedKeys } from "../sign/trusted-keys.ts";
import type { Means } from "./means.ts";
import type { Surroundings } from "./surroundings.ts";

/** The signer that the configuration names. Keys are read, and services asked, on first use. */
export function signerOf(config: Config, { google, secrets, observer, proxies }: Means): KeyedSigner {
  const { allowSharedKeys } = config;
  switch (config.signer) {
    case "pkix":
      return createPkixSigner(config.pkixKeys, { allowSharedKeys });
    case "pgp":
      return createPgpSigner(async () => pgpKeys(await secrets()), { allowSharedKeys });
    case "kms": {
      const endpoint = parseEndpoint(config.kms.endpoint, "kms.endpoint");
      const rest = createRest({
        endpoint,
        credentials: google,
        proxies,
        onRequest: () => observer.request("kms"),
      });
      return createKmsSigner({ keys: config.kmsKeys, rest, allowSharedKeys, observer });
    }
  }
}

/**
 * Throws `config` where the signer has no key for any check, since then no image could ever be attested. Nothing is read
 * for that.
 */
export function requireSigningKeys(config: Config, { env }: Surroundings): void {
  if (config.signer === "pgp" && sourceOf(config, env) === undefined) {
    const where = "ejson.dir and ejson.secrets, sops.file or secrets.file";
    throw new VoucherError(
      "config",
      `signer is "pgp", whose keys are in a file of secrets, and none is configured; set ${where}, or another signer`,
    );
  }
  if (config.signer === "kms" && config.kmsKeys.length === 0) {
    const message = 'signer is "kms" and no key is configured; add [[kms_keys]] with check and path';
    throw new VoucherError("config", message);
  }
}

/** The keys that verification believes: the signer's own, and those of `trusted_keys`, each for one check alone. */
export function keyRingOf(
  { trustedKeys, allowSharedKeys, metadataClient }: Config,
  signer: KeyedSigner,
): KeyRing {
  const trusted = async () => {
    const own = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    const all = [...own, ...(await readTrustedKeys(trustedKeys))];
    // One key may be in two files, private here and public there, where no comparison of paths finds it.
    const readable = all.filter(({ key }) => key.unreadable === undefined);
    if (!allowSharedKeys) refuseSharedKeys(readable.map(({ check, key }) => [check, key.id]));
    return all;
  };
  // In a registry stands what DSSE signed, whose key ids bind nobody.
  return createKeyRing(trusted, { idsAreHints: metadataClient === "oci" });
}

/** How bundles hint at the key that signs for a check. Throws `key` where the check has none. */
export async function keyHintOf(checkName: string, signer: KeyedSigner): Promise<string> {
  const key = (await signer.publicKeys()).get(checkName);
  if (key === undefined) throw new VoucherError("key", `no key is configured for the check ${checkName}`);
  return keyHint(await key.text());
}

async function pgpKeys({ openpgpkeys }: Secrets): Promise<readonly PgpKey[]> {
  return Promise.all(
    [...openpgpkeys].map(async ([check, { armoredKey, passphrase }]) => ({
      check,
      armoredKey: await armoredKey.reveal(),
      ...(passphrase === undefined ? {} : { passphrase: await passphrase.reveal() }),
    })),
  );
}
