import { LRUCache } from "lru-cache";
import { parseChallenges } from "./challenge.ts";
import type { Answer } from "./exchange.ts";
import { Joined } from "./join.ts";

/** What somebody signs in to a registry with. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** Returns the credentials for a registry, by the host in its images' names; `undefined` where there are none. */
export type CredentialsSource = (registry: string, signal: AbortSignal) => Promise<Credentials | undefined>;

/** What is asked for: read access to one repository. */
export interface Target {
  readonly registry: string;
  readonly repository: string;
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
  hint(target: Target): string;
}

const MOST_HOSTS = 1000;

export function createAuth(options: { readonly credentials: CredentialsSource }): Auth {
  const basic = new LRUCache<string, string>({ max: MOST_HOSTS });
  const lookups = new Joined<Credentials | undefined>();

  function credentialsOf(registry: string, signal: AbortSignal): Promise<Credentials | undefined> {
    return lookups.run(registry, (joint) => options.credentials(registry, joint), signal);
  }

  return {
    async known({ registry }) {
      return basic.get(registry);
    },
    async next({ registry }, answer, sent, signal) {
      const challenges = parseChallenges(answer.headers["www-authenticate"]);
      if (!challenges.some(({ scheme }) => scheme === "basic")) return undefined;
      const credentials = await credentialsOf(registry, signal);
      if (credentials === undefined || !("username" in credentials)) return undefined;
      const authorization = basicOf(credentials);
      if (authorization === sent) return undefined;
      basic.set(registry, authorization);
      return authorization;
    },
    hint: ({ registry }) =>
      `sign in (docker login ${registry}) with an account that may read this repository`,
  };
}

/** RFC 7617. */
export function basicOf({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
