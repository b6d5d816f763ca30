import { summaryFormat } from "../attest/summary.ts";
import type { Config } from "../config/config.ts";
import { policyDigest } from "../config/policy.ts";
import { VoucherError } from "../errors.ts";
import { parseEndpoint } from "../google/endpoint.ts";
import { createRest } from "../google/rest.ts";
import { type AttestationClient, createGrafeasClient } from "../grafeas/client.ts";
import { createOpenSourceClient } from "../grafeas/open-source-client.ts";
import { openSourceEndpoint } from "../grafeas/open-source-endpoint.ts";
import { parseReference } from "../image/reference.ts";
import type { AttestationStore, KeyRing } from "../ports.ts";
import type { Registry } from "../registry/registry.ts";
import type { KeyedSigner } from "../sign/keyed-signer.ts";
import { createGrafeasStore } from "../store/grafeas.ts";
import { createOciStore } from "../store/oci/store.ts";
import type { Means } from "./means.ts";
import { keyHintOf, keyRingOf } from "./signing.ts";

/** How attestations are made, believed and kept. */
export interface Attesting {
  readonly signer: KeyedSigner;
  readonly keyRing: KeyRing;
  readonly store: AttestationStore;
}

/** Wires signer, key ring and store. Throws `config` where no store is configured. */
export function attestingOf(
  config: Config,
  signer: KeyedSigner,
  means: Means & { readonly registry: Registry; readonly now: () => Date },
): Attesting {
  const store =
    config.metadataClient === "oci" ? registryStoreOf(config, signer, means) : grafeasStoreOf(config, means);
  return { signer, keyRing: keyRingOf(config, signer), store };
}

/** The project that attestations are kept in. Throws `config` where none is set. */
function requireProject({ binauthProject }: Config): string {
  if (binauthProject !== undefined) return binauthProject;
  throw new VoucherError(
    "config",
    'no store for attestations is configured; set binauth_project, or metadata_client = "oci" (or run with --dry-run, which stores nothing)',
  );
}

/** The server that attestations are kept on: Container Analysis, or a Grafeas of one's own. */
function clientOf(config: Config, { google, observer, proxies }: Means): AttestationClient {
  const sender = { credentials: google, proxies, onRequest: () => observer.request("store") };
  if (config.metadataClient === "grafeasos") {
    const { hostname = "", version } = config.grafeasos;
    const rest = createRest({ ...sender, endpoint: openSourceEndpoint(hostname, version) });
    return createOpenSourceClient({ rest, observer });
  }
  const endpoint = parseEndpoint(config.containeranalysis.endpoint, "containeranalysis.endpoint");
  return createGrafeasClient({ rest: createRest({ ...sender, endpoint }), observer });
}

function grafeasStoreOf(config: Config, means: Means): AttestationStore {
  const project = requireProject(config);
  return createGrafeasStore({ project, client: clientOf(config, means) });
}

/** The registry itself: of each image, or of one repository for all. */
function registryStoreOf(
  config: Config,
  signer: KeyedSigner,
  { registry, now }: { readonly registry: Registry; readonly now: () => Date },
): AttestationStore {
  const { verifierId, repository, cosignTags } = config.oci;
  if (verifierId === undefined) throw new VoucherError("config", "oci.verifier_id is not set");
  const policyDigestOf = (checkName: string) => policyDigest(checkName, config);
  return createOciStore({
    documents: registry.documents,
    format: summaryFormat({ verifierId, policyDigestOf, now }),
    verifierId,
    cosignTags,
    keyHintOf: (checkName) => keyHintOf(checkName, signer),
    ...(repository === undefined ? {} : { repository: parseReference(repository) }),
  });
}
