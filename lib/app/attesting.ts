import type { Config } from "../config/config.ts";
import { VoucherError } from "../errors.ts";
import { parseEndpoint } from "../google/endpoint.ts";
import { createRest } from "../google/rest.ts";
import { type AttestationClient, createGrafeasClient } from "../grafeas/client.ts";
import { createOpenSourceClient } from "../grafeas/open-source-client.ts";
import { openSourceEndpoint } from "../grafeas/open-source-endpoint.ts";
import type { AttestationStore, KeyRing } from "../ports.ts";
import type { KeyedSigner } from "../sign/keyed-signer.ts";
import { createGrafeasStore } from "../store/grafeas.ts";
import type { Means } from "./means.ts";
import { keyRingOf } from "./signing.ts";

/** How attestations are made, believed and kept. */
export interface Attesting {
  readonly signer: KeyedSigner;
  readonly keyRing: KeyRing;
  readonly store: AttestationStore;
}

/** Wires signer, key ring and store. Throws `config` where no store is configured. */
export function attestingOf(config: Config, signer: KeyedSigner, means: Means): Attesting {
  return { signer, keyRing: keyRingOf(config, signer), store: storeOf(config, means) };
}

/** The project that attestations are kept in. Throws `config` where none is set. */
function requireStore({ binauthProject }: Config): string {
  if (binauthProject !== undefined) return binauthProject;
  throw new VoucherError(
    "config",
    "no store for attestations is configured; set binauth_project (or run with --dry-run, which stores nothing)",
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

function storeOf(config: Config, means: Means): AttestationStore {
  const project = requireStore(config);
  return createGrafeasStore({ project, client: clientOf(config, means) });
}
