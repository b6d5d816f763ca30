import type { Config } from "../config/config.ts";
import { VoucherError } from "../errors.ts";
import type { Credentials } from "../google/credentials.ts";
import { parseEndpoint } from "../google/endpoint.ts";
import { createRest } from "../google/rest.ts";
import { createGrafeasClient } from "../grafeas/client.ts";
import type { AttestationStore, KeyRing, Observer, Signer } from "../ports.ts";
import { createKeyRing } from "../sign/key-ring.ts";
import { createPkixSigner } from "../sign/pkix.ts";
import { readTrustedKeys } from "../sign/trusted-keys.ts";
import { createContainerAnalysisStore } from "../store/container-analysis.ts";

/** How attestations are made, believed and kept. */
export interface Attesting {
  readonly signer: Signer;
  readonly keyRing: KeyRing;
  readonly store: AttestationStore;
}

/** Wires signer, key ring and store. Throws `config` where no store is configured. */
export function attestingOf(config: Config, google: Credentials, observer: Observer): Attesting {
  const signer = createPkixSigner(config.pkixKeys, config);
  const keyRing = createKeyRing(async () => {
    const own = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    return [...own, ...(await readTrustedKeys(config.trustedKeys))];
  });
  return { signer, keyRing, store: storeOf(config, google, observer) };
}

/** The project that attestations are kept in. Throws `config` where none is set. */
export function requireStore({ binauthProject }: Config): string {
  if (binauthProject !== undefined) return binauthProject;
  throw new VoucherError(
    "config",
    "no store for attestations is configured; set binauth_project (or run with --dry-run, which stores nothing)",
  );
}

function storeOf(config: Config, google: Credentials, observer: Observer): AttestationStore {
  const project = requireStore(config);
  const endpoint = parseEndpoint(config.containeranalysis.endpoint, "containeranalysis.endpoint");
  const rest = createRest({ endpoint, credentials: google });
  return createContainerAnalysisStore({ project, client: createGrafeasClient({ rest, observer }) });
}
