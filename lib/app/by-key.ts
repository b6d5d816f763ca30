import { readFile } from "node:fs/promises";
import type { Config } from "../config/config.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { nameOf, parseReference, type Reference } from "../image/reference.ts";
import type { StatementSource } from "../ports.ts";
import type { Registry } from "../registry/registry.ts";
import type { Review } from "../review/judgement.ts";
import type { PlatformPolicy } from "../review/scope.ts";
import { ANYTHING, verifyByKey } from "../review/verify-by-key.ts";
import { createKeyRing } from "../sign/key-ring.ts";
import { type PublicKey, parsePublicKey } from "../sign/public-key.ts";
import { statementsOn } from "../store/oci/statements.ts";

export interface KeyRequest {
  readonly image: Reference;
  /** A public key in PEM form. */
  readonly keyFile: string;
  readonly platforms?: PlatformPolicy["select"] | undefined;
}

/** Verifies what stands beside an image in registries with a key from a file. Throws `usage` for a file without one. */
export async function verifyWithKeyFile(
  { image, keyFile, platforms }: KeyRequest,
  { config, registry }: { readonly config: Config; readonly registry: Registry },
  signal: AbortSignal,
): Promise<Review> {
  const key = await readKey(keyFile);
  const keyRing = createKeyRing(async () => [{ check: ANYTHING, key }], { idsAreHints: true });
  const ports = { resolver: registry, statements: statementsIn(registry, config), keyRing };
  return verifyByKey({ image, platforms, keyName: keyFile }, ports, signal);
}

/** In the image's own repository, and in the one that attestations are kept in, where there is one. */
function statementsIn({ documents }: Registry, { oci }: Config): StatementSource {
  const kept = oci.repository === undefined ? undefined : parseReference(oci.repository);
  return {
    async of(subject, signal) {
      const repositories =
        kept === undefined || nameOf(kept) === nameOf(subject) ? [undefined] : [undefined, kept];
      const found = repositories.map((repository) =>
        statementsOn(subject, { documents, repository }, signal),
      );
      return (await Promise.all(found)).flat().map(({ envelope }) => envelope);
    },
  };
}

async function readKey(file: string): Promise<PublicKey> {
  try {
    return parsePublicKey(await readFile(file, "utf8"), file);
  } catch (fault) {
    const { code, message } = asVoucherError(fault);
    const why = code === "key" ? message : `${file} cannot be read`;
    throw new VoucherError("usage", `${why}; name a public key in PEM form with --key`, { cause: fault });
  }
}
