import { LRUCache } from "lru-cache";
import { asVoucherError } from "../errors.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Keychain } from "./credentials.ts";
import type { Answer } from "./exchange.ts";
import { Joined } from "./join.ts";
import { type Realm, realmOf } from "./realm.ts";
import { basicOf, fetchToken, type Token } from "./token.ts";
import type { Transport } from "./transport.ts";

/** What one request does to a repository: it reads, it writes (and reads what it wrote), or it takes away. */
export type Access = "pull" | "push" | "delete";

/** What is asked for: access to one repository of the registry whose API is at `api`. */
export interface Target {
  readonly access: Access;
  readonly registry: string;
  readonly repository: string;
  readonly api: URL;
}

/** Knows what to put into `Authorization`. */
export interface Auth {
  /** What to send with a first request; `undefined` for nothing. */
  known(target: Target, signal: AbortSignal): Promise<string | undefined>;
  /** What to send instead of `sent`, which was answered with 401; `undefined` where nothing else can be tried. */
  next(
    target: Target,
    answer: Answer,
    sent: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** What the user can do where signing in did not help. */
  advice(target: Target): string;
}

/** How a registry wants to be signed in to, as it last said. */
type Scheme =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: Realm; readonly service: string | undefined };

const MOST_HOSTS = 1000;
const ACTIONS: { readonly [access in Access]: string } = {
  pull: "pull",
  push: "pull,push",
  delete: "delete",
};
const TOKEN_CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Signs in as a registry's challenges ask: Bearer where it is offered, else Basic. What a registry asked for once is
 * sent at once from then on; tokens are kept by host and scope, and renewed before they run out.
 */
export function createAuth(parts: {
  readonly transport: Transport;
  readonly keychain: Keychain;
  readonly trustedRealms: readonly string[];
}): Auth {
  const { transport, keychain, trustedRealms } = parts;
  const schemes = new LRUCache<string, Scheme>({ max: MOST_HOSTS });
  const scopes = new LRUCache<string, readonly string[]>({ max: MOST_HOSTS });
  const tokens = new LRUCache<string, Token>({
    maxSize: TOKEN_CACHE_BYTES,
    sizeCalculation: ({ token }, key) => token.length + key.length + 256,
  });
  const flights = new Joined<Token>();

  /** A Bearer token for what the repository's challenge named, other than `refused`. */
  async function bearer(
    target: Target,
    scheme: Scheme & { kind: "bearer" },
    refused: string | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const scope = scopes.get(scopeKey(target)) ?? [
      `repository:${target.repository}:${ACTIONS[target.access]}`,
    ];
    const { realm, service } = scheme;
    const key = JSON.stringify([target.registry, realm.url.href, service ?? "", scope]);
    const cached = tokens.get(key);
    if (cached !== undefined && `Bearer ${cached.token}` !== refused) return `Bearer ${cached.token}`;
    const { token } = await flights.run(key, (joint) => ask(target, scheme, scope, key, joint), signal);
    return `Bearer ${token}`;
  }

  async function ask(
    target: Target,
    { realm, service }: Scheme & { kind: "bearer" },
    scope: readonly string[],
    key: string,
    signal: AbortSignal,
  ): Promise<Token> {
    const start = performance.now();
    const credentials = await credentialsFor(target, signal);
    const advice = keychain.advice(target.registry, target.access);
    const asked = { realm, service, scopes: scope, credentials, advice };
    const token = await fetchToken(transport, asked, signal).catch((thrown: unknown) => {
      if (asVoucherError(thrown).code === "unauthorized") keychain.forget(target.registry);
      throw thrown;
    });
    tokens.set(key, token, { ttl: Math.max(token.lasts - (performance.now() - start), 1) });
    return token;
  }

  function credentialsFor({ registry, api }: Target, signal: AbortSignal) {
    return api.protocol === "https:" ? keychain.of(registry, signal) : keychain.own(registry, signal);
  }

  async function basic(target: Target, signal: AbortSignal): Promise<string | undefined> {
    const credentials = await credentialsFor(target, signal);
    return credentials === undefined ? undefined : basicOf(credentials);
  }

  return {
    async known(target, signal) {
      const { registry, api } = target;
      const direct = api.protocol === "https:" ? await keychain.accessToken(registry, signal) : undefined;
      if (direct !== undefined) return `Bearer ${direct}`;
      const scheme = schemes.get(registry);
      if (scheme === undefined) return undefined;
      if (scheme.kind === "basic") return await basic(target, signal);
      try {
        return await bearer(target, scheme, undefined, signal);
      } catch (thrown) {
        // This repository may be open to everyone: the registry's own answer decides.
        if (signal.aborted || asVoucherError(thrown).retryable) throw thrown;
        return undefined;
      }
    },

    async next(target, answer, sent, signal) {
      const { registry } = target;
      const offered = preferred(parseChallenges(answer.headers["www-authenticate"]));
      if (offered === undefined) return undefined;
      const realm = offered.parameters.get("realm");
      if (offered.scheme === "bearer" && realm !== undefined) {
        const service = offered.parameters.get("service");
        const scheme: Scheme = { kind: "bearer", realm: realmOf(realm, target.api, trustedRealms), service };
        schemes.set(registry, scheme);
        const scope =
          offered.parameters
            .get("scope")
            ?.split(" ")
            .filter((part) => part !== "") ?? [];
        if (scope.length > 0) scopes.set(scopeKey(target), scope);
        return await bearer(target, scheme, sent, signal);
      }
      schemes.set(registry, { kind: "basic" });
      const first = await basic(target, signal);
      if (first === undefined || first !== sent) return first;
      keychain.forget(registry);
      const second = await basic(target, signal);
      return second === sent ? undefined : second;
    },

    advice: ({ registry, access }) => keychain.advice(registry, access),
  };
}

function preferred(challenges: readonly Challenge[]): Challenge | undefined {
  return (
    challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm")) ??
    challenges.find(({ scheme }) => scheme === "basic")
  );
}

function scopeKey({ access, registry, repository }: Target): string {
  return `${access} ${registry}/${repository}`;
}
