import type { Secret } from "./secret.ts";

/** An OpenPGP key that signs for a check. */
export interface OpenPgpSecret {
  /** The private key, armored. */
  readonly armoredKey: Secret;
  readonly passphrase?: Secret;
}

/** How one signs in to where an organisation keeps its source. */
export type RepositorySecret =
  | { readonly token: Secret }
  | { readonly username: Secret; readonly password: Secret }
  | { readonly appId: string; readonly installationId: string; readonly privateKey: Secret };

/** What both keys of Datadog's API are. */
export interface DatadogSecret {
  readonly apiKey: Secret;
  readonly appKey: Secret;
}

/** Every secret of a configuration: of the file that holds them, and of the configuration itself. */
export interface Secrets {
  /** By the name of the check. */
  readonly openpgpkeys: ReadonlyMap<string, OpenPgpSecret>;
  /** By the alias in `[repository.<alias>]`. */
  readonly repositories: ReadonlyMap<string, RepositorySecret>;
  readonly datadog?: DatadogSecret;
  /** `server.password`: a bcrypt hash. */
  readonly serverPassword?: Secret;
  /** `webhook.<source>.secret`, by the source. */
  readonly webhooks: ReadonlyMap<string, Secret>;
  /** The file that was read; undefined where none is configured. */
  readonly file?: string;
  /** One line each: what stands in the file and means nothing. */
  readonly warnings: readonly string[];
}

/** Every secret by the name that it has in the file that holds it. */
export function namedSecrets(secrets: Secrets): ReadonlyMap<string, Secret> {
  const { openpgpkeys, repositories, datadog, serverPassword, webhooks } = secrets;
  const named: readonly (readonly [string, Secret | undefined])[] = [
    ...[...openpgpkeys].flatMap(([check, { armoredKey, passphrase }]) => [
      [`openpgpkeys.${check}`, armoredKey] as const,
      [`openpgpkeys.${check}.passphrase`, passphrase] as const,
    ]),
    ...[...repositories].flatMap(([alias, secret]) =>
      parts(secret).map(([name, part]) => [`repositories.${alias}.${name}`, part] as const),
    ),
    ["datadog.api_key", datadog?.apiKey],
    ["datadog.app_key", datadog?.appKey],
    ["server.password", serverPassword],
    ...[...webhooks].map(([source, secret]) => [`webhook.${source}.secret`, secret] as const),
  ];
  return new Map(named.flatMap(([name, secret]) => (secret === undefined ? [] : [[name, secret]])));
}

function parts(secret: RepositorySecret): readonly (readonly [string, Secret])[] {
  if ("token" in secret) return [["token", secret.token]];
  if ("privateKey" in secret) return [["private_key", secret.privateKey]];
  return [
    ["username", secret.username],
    ["password", secret.password],
  ];
}
