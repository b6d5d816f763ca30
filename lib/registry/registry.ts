import { DEFAULT_LIMITS, type Limits } from "../image/limits.ts";
import { type Canonical, withDefaultTag } from "../image/reference.ts";
import type { Repositories } from "../ports/sources.ts";
import type { Resolver } from "../ports.ts";
import type { Proxies } from "../proxy.ts";
import type { Pace } from "../retry.ts";
import { createAuth } from "./auth.ts";
import { createCache } from "./cache.ts";
import { createCaller } from "./caller.ts";
import { type Client, createClient } from "./client.ts";
import type { Connect } from "./connector.ts";
import { type CredentialsSource, createKeychain, type GoogleCredentials } from "./credentials.ts";
import { listRepository } from "./listing.ts";
import type { Referrer } from "./referrer.ts";
import { listReferrers } from "./referrers.ts";
import { resolveImage } from "./resolve.ts";
import { ReviewReader } from "./review-reader.ts";
import { createTransport, type Timeouts, type Transport } from "./transport.ts";
import { createWriter, type Writer } from "./writer.ts";

export interface RegistryOptions {
  readonly limits?: Partial<Limits>;
  /** Hosts, with their ports, that are asked over plain http. Loopback hosts are anyway. */
  readonly insecure?: readonly string[];
  /** Loopback hosts, with their ports, that speak TLS. */
  readonly secure?: readonly string[];
  /** Origins of token servers that may be asked wherever they are. */
  readonly trustedRealms?: readonly string[];
  readonly credentials?: CredentialsSource;
  /** Signs in to `gcr.io`, `*.gcr.io` and `*.pkg.dev` where `credentials` has nothing for them. */
  readonly google?: GoogleCredentials;
  readonly proxies?: Proxies | undefined;
  readonly timeouts?: Timeouts;
  /** The longest pause before a passing failure is tried again, in milliseconds; it doubles from try to try. */
  readonly backOff?: number;
  /** Bytes of manifests and configs that are kept. */
  readonly cacheBytes?: number;
  /** Told of each request that is sent, to registries and their token services. */
  readonly onRequest?: (() => void) | undefined;
  /** For tests: opens every connection, so that public names can be served on loopback. */
  readonly connect?: Connect;
  /** For tests: sends the requests in the network's place. */
  readonly transport?: Transport;
  readonly pace?: Pace;
}

/** Reads and writes what lies beside images in a registry. */
export interface Documents extends Omit<Client, "keep">, Writer {
  /** As {@link listReferrers}. */
  referrers(
    of: Canonical,
    artifactType: string,
    signal: AbortSignal,
  ): Promise<readonly Referrer[] | undefined>;
  readonly limits: Limits;
}

/** Asks registries, for one instance: its connections, sign-ins and cache are shared by everything that asks. */
export interface Registry extends Resolver, Repositories {
  readonly documents: Documents;
  /** Closes the connections; requests that are under way fail. */
  close(): Promise<void>;
}

const CACHE_BYTES = 32 * 1024 * 1024;

/** Opens nothing yet: the first request does. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const { insecure = [], secure = [], trustedRealms = [], credentials = async () => undefined } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const transport =
    options.transport ??
    createTransport({
      perHost: limits.requestsPerInstance,
      timeouts: options.timeouts,
      connect: options.connect,
      proxies: options.proxies,
      onRequest: options.onRequest,
    });
  const auth = createAuth({
    transport,
    keychain: createKeychain(credentials, options.google),
    trustedRealms,
  });
  const caller = createCaller({
    transport,
    auth,
    schemes: { insecure, secure },
    backOff: options.backOff ?? 500,
    pace: options.pace,
  });
  const client = createClient({ caller, cache: createCache(options.cacheBytes ?? CACHE_BYTES), limits });
  const writer = createWriter(caller);
  return {
    documents: {
      ...client,
      ...writer,
      limits,
      async putBlob(to, bytes, signal) {
        await writer.putBlob(to, bytes, signal);
        client.keep("blob", to, { bytes });
      },
      async putManifest(at, manifest, signal, condition) {
        await writer.putManifest(at, manifest, signal, condition);
        client.keep("manifest", at, manifest);
      },
      referrers: (of, type, signal) => listReferrers({ caller, limits }, of, type, signal),
    },
    async resolve(reference, signal) {
      const named = withDefaultTag(reference);
      return await resolveImage(new ReviewReader(client, limits, named, signal), named);
    },
    list: (repository, signal) => listRepository(caller, repository, signal),
    async digestOf(reference, signal) {
      return (await client.manifest(withDefaultTag(reference), signal)).digest;
    },
    close: () => transport.close(),
  };
}
