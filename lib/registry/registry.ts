import { DEFAULT_LIMITS, type Limits } from "../image/limits.ts";
import { type Reference, withDefaultTag } from "../image/reference.ts";
import type { Resolver } from "../ports.ts";
import type { Proxies } from "../proxy.ts";
import { createAuth } from "./auth.ts";
import { createCache } from "./cache.ts";
import { createCaller } from "./caller.ts";
import { createClient } from "./client.ts";
import type { Connect } from "./connector.ts";
import { type CredentialsSource, createKeychain, type GoogleCredentials } from "./credentials.ts";
import { resolveImage } from "./resolve.ts";
import { ReviewReader } from "./review-reader.ts";
import { listTags } from "./tags.ts";
import { createTransport, type Timeouts } from "./transport.ts";

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
  /** For tests: opens every connection, so that public names can be served on loopback. */
  readonly connect?: Connect;
}

/** Reads registries, for one instance: its connections, sign-ins and cache are shared by everything that asks. */
export interface Registry extends Resolver {
  /** Returns every tag of the repository that `repository` names. Throws VoucherErrors. */
  tags(repository: Reference, signal: AbortSignal): Promise<readonly string[]>;
  /** Closes the connections; requests that are under way fail. */
  close(): Promise<void>;
}

const CACHE_BYTES = 32 * 1024 * 1024;

/** Opens nothing yet: the first request does. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  const { insecure = [], secure = [], trustedRealms = [], credentials = async () => undefined } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const transport = createTransport({
    perHost: limits.requestsPerInstance,
    timeouts: options.timeouts,
    connect: options.connect,
    proxies: options.proxies,
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
  });
  const client = createClient({ caller, cache: createCache(options.cacheBytes ?? CACHE_BYTES), limits });
  return {
    async resolve(reference, signal) {
      const named = withDefaultTag(reference);
      return await resolveImage(new ReviewReader(client, limits, named, signal), named);
    },
    tags: (repository, signal) => listTags(caller, repository, signal),
    close: () => transport.close(),
  };
}
