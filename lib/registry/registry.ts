import type { Reference } from "../image/reference.ts";
import { withDefaultTag } from "../image/reference.ts";
import type { Resolver } from "../ports.ts";
import { type CredentialsSource, createAuth } from "./auth.ts";
import { createCache } from "./cache.ts";
import { createClient } from "./client.ts";
import type { Connect } from "./connector.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { resolveImage } from "./resolve.ts";
import { ReviewReader } from "./review-reader.ts";
import { createTransport, type Timeouts } from "./transport.ts";

export interface RegistryOptions {
  readonly limits?: Partial<Limits>;
  /** Hosts, with their ports, that are asked over plain http. Loopback hosts are anyway. */
  readonly insecure?: readonly string[];
  /** Loopback hosts, with their ports, that speak TLS. */
  readonly secure?: readonly string[];
  readonly credentials?: CredentialsSource;
  readonly timeouts?: Timeouts;
  /** Bytes of manifests and configs that are kept. */
  readonly cacheBytes?: number;
  /** For tests: opens every connection, so that public names can be served on loopback. */
  readonly connect?: Connect;
}

/** Reads registries, for one instance: its connections, sign-ins and cache are shared by everything that asks. */
export interface Registry extends Resolver {
  /** Closes the connections; requests that are under way fail. */
  close(): Promise<void>;
}

const CACHE_BYTES = 32 * 1024 * 1024;

export function createRegistry(options: RegistryOptions = {}): Registry {
  const { insecure = [], secure = [], credentials = async () => undefined } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const transport = createTransport({
    perHost: limits.requestsPerInstance,
    timeouts: options.timeouts,
    connect: options.connect,
  });
  const client = createClient({
    transport,
    auth: createAuth({ credentials }),
    cache: createCache(options.cacheBytes ?? CACHE_BYTES),
    limits,
    schemes: { insecure, secure },
  });
  return {
    async resolve(reference: Reference, signal: AbortSignal) {
      const named = withDefaultTag(reference);
      return await resolveImage(new ReviewReader(client, limits, named, signal), named);
    },
    close: () => transport.close(),
  };
}
