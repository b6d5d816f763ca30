import type { Config } from "../config/config.ts";
import { loadSecrets, ownSecrets } from "../config/secrets/load.ts";
import type { RepositorySecret, Secrets } from "../config/secrets/secrets.ts";
import type { GitHubSignIn } from "../evidence/github-sign-in.ts";
import type { Credentials } from "../google/credentials.ts";
import { parseSourceOwner } from "../image/source.ts";
import { loadOnce } from "../once.ts";
import type { Surroundings } from "./surroundings.ts";

/** The secrets of the configuration, read when the first of them is needed and read again only after a failure. */
export function secretsOf(
  config: Config,
  google: Credentials,
  { env }: Surroundings,
): () => Promise<Secrets> {
  return loadOnce(() => loadSecrets(config, { env, credentials: google }));
}

/** The hash in `server.password`, fetched where the setting is a reference. Throws `config`, or why it cannot be fetched. */
export async function serverPasswordOf(
  config: Config,
  google: Credentials,
  { env }: Surroundings,
): Promise<string | undefined> {
  return ownSecrets(config, { env, credentials: google }).serverPassword?.reveal();
}

/** How to sign in for the repositories of `owner`: by the secret of the alias whose organisation that is. */
export async function signInFor(
  owner: string,
  { repositories }: Config,
  secrets: () => Promise<Secrets>,
): Promise<GitHubSignIn | undefined> {
  const wanted = owner.toLowerCase();
  const [alias] = Object.entries(repositories).find(
    ([, { orgUrl }]) => parseSourceOwner(orgUrl)?.owner.toLowerCase() === wanted,
  ) ?? [undefined];
  const secret = alias === undefined ? undefined : (await secrets()).repositories.get(alias);
  return secret === undefined ? undefined : reveal(secret);
}

async function reveal(secret: RepositorySecret): Promise<GitHubSignIn> {
  if ("token" in secret) return { token: await secret.token.reveal() };
  if ("password" in secret) {
    return { username: await secret.username.reveal(), password: await secret.password.reveal() };
  }
  const { appId, installationId, privateKey } = secret;
  return { appId, installationId, privateKey: await privateKey.reveal() };
}
