import { compact } from "../compact.ts";
import type { Config } from "../config.ts";
import type { Environment } from "../environment.ts";
import { configError, formatProblem } from "../problems.ts";
import type { Found } from "../rule.ts";
import { parseSecrets } from "./document.ts";
import { createHolder, holdDocument } from "./hold.ts";
import { createSecretManager, type SecretManagerOptions } from "./secret-manager.ts";
import type { Secrets } from "./secrets.ts";
import { sourceOf } from "./source.ts";

export interface SecretsOptions extends SecretManagerOptions {
  /** What `sops` finds its keys by, and the PATH that it is found on. */
  readonly env: Environment;
}

/** The settings that are secrets, or say where they are. */
type Settings = Pick<Config, "ejson" | "sops" | "secrets" | "server" | "webhooks">;

/**
 * Reads the secrets of a configuration. A value `sm://projects/P/secrets/S/versions/V` stands for a secret in Google's
 * Secret Manager, which is asked when that one is revealed. Throws `config` with every problem of what the file holds,
 * one a line; `timeout` or `unauthorized` where `sops` gets no key. No error holds anything of a secret.
 */
export async function loadSecrets(config: Settings, options: SecretsOptions): Promise<Secrets> {
  const manager = createSecretManager(options);
  const own = createHolder(manager);
  const settings = holdSettings(config, own);

  const source = sourceOf(config, options.env);
  const { document, problems, unknown } = parseSecrets((await source?.read()) ?? {});
  const written = createHolder(manager);
  const held = holdDocument(document, written);

  const located = (found: Found) => ({ source: source?.file ?? "configuration", ...found });
  const inSettings = own.problems.map((found) => ({ source: "configuration", ...found }));
  const every = [...inSettings, ...[...problems, ...written.problems].map(located)];
  if (every.length > 0) throw configError(every);
  const warnings = unknown.map((found) => formatProblem(located(found)));
  return compact({ ...held, ...settings, file: source?.file, warnings });
}

function holdSettings({ server, webhooks }: Settings, { hold }: ReturnType<typeof createHolder>) {
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
