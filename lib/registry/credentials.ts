import { LRUCache } from "lru-cache";
import { asVoucherError } from "../errors.ts";
import { Joined } from "./join.ts";

/** What somebody signs in to a registry with. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** What `docker login` got from a registry in exchange for a password. */
  | { readonly identityToken: string };

/** Returns the credentials for a registry, by the host in its images' names; `undefined` where there are none. */
export type CredentialsSource = (registry: string, signal: AbortSignal) => Promise<Credentials | undefined>;

/** Google's credentials: an OAuth 2.0 access token that is valid for a while yet. Throws `unauthorized` without any. */
export interface GoogleCredentials {
  accessToken(signal: AbortSignal): Promise<string>;
}

/** Finds credentials, and remembers for a while what it found. */
export interface Keychain {
  of(registry: string, signal: AbortSignal): Promise<Credentials | undefined>;
  /** The user's own alone: Google's are never sent unencrypted. */
  own(registry: string, signal: AbortSignal): Promise<Credentials | undefined>;
  /** The access token to send to a host of Google's at once; `undefined` where `of` has something better, or nothing. */
  accessToken(registry: string, signal: AbortSignal): Promise<string | undefined>;
  /** Looks again the next time: what was found was not accepted. */
  forget(registry: string): void;
  /** What the user can do where this keychain's credentials were not enough. */
  advice(registry: string, access: keyof typeof ROLES): string;
}

const MOST_HOSTS = 1000;
/** Helpers take up to a second each time, and passwords seldom change. In milliseconds. */
const REMEMBERED = 5 * 60_000;
const NONE = "none";
/** What an account must be allowed to do, and the role in which Google's registries allow it. */
const ROLES = {
  pull: { may: "read it", role: "reader" },
  push: { may: "write to it", role: "writer" },
  delete: { may: "delete from it", role: "repoAdmin" },
} as const;

/** The user's own credentials for a registry come first, then Google's for the hosts that are Google's. */
export function createKeychain(source: CredentialsSource, google: GoogleCredentials | undefined): Keychain {
  const remembered = new LRUCache<string, Credentials | typeof NONE>({ max: MOST_HOSTS, ttl: REMEMBERED });
  const lookups = new Joined<Credentials | undefined>();
  /** Why there are no credentials of Google's: public images can be read without, and looking takes seconds. */
  const withoutGoogle = new LRUCache<typeof NONE, string>({ max: 1, ttl: REMEMBERED });

  async function own(registry: string, signal: AbortSignal): Promise<Credentials | undefined> {
    const known = remembered.get(registry);
    if (known !== undefined) return known === NONE ? undefined : known;
    const found = await lookups.run(registry, (joint) => source(registry, joint), signal);
    remembered.set(registry, found ?? NONE);
    return found;
  }

  async function accessToken(registry: string, signal: AbortSignal): Promise<string | undefined> {
    if (google === undefined || !isGoogleHost(registry) || withoutGoogle.has(NONE)) return undefined;
    if ((await own(registry, signal)) !== undefined) return undefined;
    try {
      return await google.accessToken(signal);
    } catch (thrown) {
      const { code, message } = asVoucherError(thrown);
      if (code !== "unauthorized") throw thrown;
      withoutGoogle.set(NONE, message);
      return undefined;
    }
  }

  return {
    own,
    accessToken,
    async of(registry, signal) {
      const found = await own(registry, signal);
      if (found !== undefined) return found;
      const password = await accessToken(registry, signal);
      return password === undefined ? undefined : { username: "oauth2accesstoken", password };
    },
    forget: (registry) => void remembered.delete(registry),
    advice(registry, access) {
      const { may, role } = ROLES[access];
      if (!isGoogleHost(registry))
        return `sign in (docker login ${registry}) with an account that may ${may}`;
      return withoutGoogle.get(NONE) ?? `let the account in use ${may} (roles/artifactregistry.${role})`;
    },
  };
}

/** Whether `registry` is Container Registry or Artifact Registry: `gcr.io`, `*.gcr.io`, `*.pkg.dev`. */
export function isGoogleHost(registry: string): boolean {
  return /^(?:(?:[a-z0-9-]+\.)*gcr\.io|(?:[a-z0-9-]+\.)+pkg\.dev)$/.test(registry);
}
