import type { Found } from "../rule.ts";
import { type RepositoryEntry, type SecretsDocument, showPath } from "./document.ts";
import { Secret } from "./secret.ts";
import { isReference, parseSecretReference, type SecretManager } from "./secret-manager.ts";
import type { DatadogSecret, OpenPgpSecret, RepositorySecret } from "./secrets.ts";

/** Puts values into {@link Secret}s and notes what is wrong with them. */
export interface Holder {
  /** The secret that `text` is, or refers to as `sm://…`; `path` is where it is written. */
  hold(text: string, path: readonly string[]): Secret;
  note(path: readonly string[], message: string): void;
  readonly problems: readonly Found[];
}

/** References are asked of `manager`, each when it is revealed. */
export function createHolder(manager: SecretManager): Holder {
  const problems: Found[] = [];
  const note = (path: readonly string[], message: string) =>
    void problems.push({ key: showPath(path), message });
  return {
    hold(text, path) {
      if (!isReference(text)) return new Secret(text);
      const version = parseSecretReference(text);
      if (version !== undefined) return new Secret(() => manager.access(version));
      note(
        path,
        "is no reference to a secret; write sm://projects/P/secrets/S/versions/V, with latest or a number as V",
      );
      return new Secret("");
    },
    note,
    problems,
  };
}

/** Everything that a document holds. An empty text counts as none, as Voucher has it. */
export function holdDocument({ openpgpkeys, repositories, datadog }: SecretsDocument, holder: Holder) {
  return {
    openpgpkeys: mapped(openpgpkeys, (entry, check) => holdKey(entry, ["openpgpkeys", check], holder)),
    repositories: mapped(repositories, (entry, alias) =>
      holdRepository(entry, ["repositories", alias], holder),
    ),
    datadog: datadog ? holdDatadog(datadog, holder) : undefined,
  };
}

function holdKey(
  { key, passphrase }: NonNullable<SecretsDocument["openpgpkeys"]>[string],
  path: readonly string[],
  holder: Holder,
): OpenPgpSecret | undefined {
  if (key === undefined) {
    if (passphrase !== undefined) holder.note(path, "has a passphrase and no key");
    return undefined;
  }
  const armoredKey = holder.hold(key, path);
  if (passphrase === undefined) return { armoredKey };
  return { armoredKey, passphrase: holder.hold(passphrase, [...path, "passphrase"]) };
}

/** The first way that is whole counts: this order is Voucher's. */
function holdRepository(
  entry: RepositoryEntry,
  path: readonly string[],
  holder: Holder,
): RepositorySecret | undefined {
  const { token, username, password, private_key: privateKey } = entry;
  const { _app_id: appId, _installation_id: installationId } = entry;
  const hold = (text: string, name: string) => holder.hold(text, [...path, name]);
  if (token !== undefined) return { token: hold(token, "token") };
  if (username !== undefined && password !== undefined) {
    return { username: hold(username, "username"), password: hold(password, "password") };
  }
  if (appId !== undefined && installationId !== undefined && privateKey !== undefined) {
    return { appId, installationId, privateKey: hold(privateKey, "private_key") };
  }
  const ways = "a token, or username and password, or _app_id, _installation_id and private_key";
  holder.note(path, `holds no way to sign in; write ${ways}`);
  return undefined;
}

function holdDatadog(
  { api_key: apiKey, app_key: appKey }: NonNullable<SecretsDocument["datadog"]>,
  holder: Holder,
): DatadogSecret | undefined {
  if (apiKey === undefined && appKey === undefined) return undefined;
  if (apiKey === undefined) holder.note(["datadog", "api_key"], "is missing beside app_key");
  else if (appKey === undefined) holder.note(["datadog", "app_key"], "is missing beside api_key");
  else {
    return {
      apiKey: holder.hold(apiKey, ["datadog", "api_key"]),
      appKey: holder.hold(appKey, ["datadog", "app_key"]),
    };
  }
  return undefined;
}

function mapped<From, To>(
  entries: { readonly [name: string]: From } | null | undefined,
  to: (value: From, name: string) => To | undefined,
): ReadonlyMap<string, To> {
  return new Map(
    Object.entries(entries ?? {}).flatMap(([name, value]) => {
      const held = to(value, name);
      return held === undefined ? [] : [[name, held]];
    }),
  );
}
