import type { Credentials } from "../../google/credentials.ts";
import { proxiesIn } from "../../proxy.ts";
import { compact } from "../compact.ts";
import type { Config } from "../config.ts";
import type { Environment } from "../environment.ts";
import { configError, formatProblem } from "../problems.ts";
import type { Found } from "../rule.ts";
import { parseSecrets } from "./document.ts";
import { createHolder, type Holder, holdDocument } from "./hold.ts";
import { createSecretManager } from "./secret-manager.ts";
import type { Secrets } from "./secrets.ts";
import { sourceOf } from "./source.ts";

export interface SecretsOptions {
  /** What `sops` finds its keys by, the PATH that it is found on, and the proxies that Secret Manager is asked through. */
  readonly env: Environment;
  /** What Secret Manager is shown; Google's own credentials of this machine by default. */
  readonly credentials?: Credentials;
}

/** The settings that are secrets. */
type OwnSettings = Pick<Config, "secrets" | "server" | "webhooks">;
/** The settings that are secrets, or say where they are. */
type Settings = OwnSettings & Pick<Config, "ejson" | "sops">;
/** The secrets that stand in the configuration itself. */
export type OwnSecrets = Pick<Secrets, "serverPassword" | "webhooks">;

/**
 * Reads the secrets of a configuration. A value `sm://projects/P/secrets/S/versions/V` stands for a secret in Google's
 * Secret Manager, which is asked when that one is revealed. Throws `config` with every problem of what the file holds,
 * one a line; `timeout` or `unauthorized` where `sops` gets no key. No error holds anything of a secret.
 */
export async function loadSecrets(config: Settings, options: SecretsOptions): Promise<Secrets> {
  const manager = managerOf(config, options);
  const own = createHolder(manager);
  const settings = holdSettings(config, own);

  const source = sourceOf(config, options.env);
  const { document, problems, unknown } = parseSecrets((await source?.read()) ?? {});
  const written = createHolder(manager);
  const held = holdDocument(document, written);

  const located = (found: Found) => ({ source: source?.file ?? "configuration", ...found });
  const every = [...own.problems.map(inSettings), ...[...problems, ...written.problems].map(located)];
  if (every.length > 0) throw configError(every);
  const warnings = unknown.map((found) => formatProblem(located(found)));
  return compact({ ...held, ...settings, file: source?.file, warnings });
}

/** Only the secrets that stand in the configuration itself: no file is read for them. Throws as {@link loadSecrets}. */
export function ownSecrets(config: OwnSettings, options: SecretsOptions): OwnSecrets {
  const holder = createHolder(managerOf(config, options));
  const settings = holdSettings(config, holder);
  if (holder.problems.length > 0) throw configError(holder.problems.map(inSettings));
  return compact(settings);
}

function managerOf({ secrets }: OwnSettings, { credentials, env }: SecretsOptions) {
  return createSecretManager(compact({ endpoint: secrets.endpoint, credentials, proxies: proxiesIn(env) }));
}

function inSettings(found: Found) {
  return { source: "configuration", ...found };
}

function holdSettings({ server, webhooks }: OwnSettings, { hold }: Holder) {
  const password = server.password;
  return {
    serverPassword: password === undefined ? undefined : hold(password, ["server", "password"]),
    webhooks: new Map(
      Object.entries(webhooks).flatMap(([source, { secret }]) =>
        secret === undefined ? [] : [[source, hold(secret, ["webhook", source, "secret"])] as const],
      ),
    ),
  };
}
