import { homedir } from "node:os";
import { signInOf } from "../api/configured-sign-in.ts";
import { createApp } from "../app.ts";
import type { Config } from "../config/config.ts";
import { describeConfig } from "../config/describe.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { loadSecrets } from "../config/secrets/load.ts";
import { missingSecrets } from "../config/secrets/missing.ts";
import { namedSecrets, type Secrets } from "../config/secrets/secrets.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { EXIT, type ExitCode, exitOfError } from "./exit.ts";
import { logTo } from "./log.ts";
import type { CommonFlags } from "./session.ts";
import type { Terminal } from "./terminal.ts";

type Environment = { readonly [name: string]: string | undefined };

/**
 * `voucher config check`: prints the settings in effect, secrets masked, once it is known that everything they name can be
 * used: the checks of one's own, and every secret, wherever it is kept. Throws one error with every problem, one a line.
 */
export async function configCheckCommand(
  flags: CommonFlags,
  terminal: Terminal,
  env: Environment,
): Promise<ExitCode> {
  const loaded = await loadConfig({
    ...(flags.config === undefined ? {} : { file: flags.config }),
    env,
    cwd: process.cwd(),
    home: homedir(),
    ...(flags.timeout === undefined ? {} : { flags: { timeoutSeconds: flags.timeout } }),
  });
  const { config } = loaded;
  const observer = logTo(terminal, flags.verbose === true ? "DEBUG" : "WARNING");
  const [app, secrets] = await Promise.allSettled([
    createApp(config, { observer, env }),
    loadSecrets(config, { env }),
  ]);
  const faults = [app, secrets].flatMap((part) =>
    part.status === "rejected" ? [asVoucherError(part.reason)] : [],
  );
  if (secrets.status === "fulfilled") {
    faults.push(...missingSecrets(config, secrets.value).map((text) => new VoucherError("config", text)));
    faults.push(...(await unreadable(secrets.value)));
  }
  const warnings = [...loaded.warnings];
  if (secrets.status === "fulfilled") {
    warnings.push(...secrets.value.warnings, ...(await doubtsAbout(config, secrets.value)));
  }
  if (flags.quiet !== true) for (const warning of warnings) terminal.err(`warning: ${warning}`);
  if (secrets.status === "rejected" || faults.length > 0) throw together(faults);
  terminal.out(
    flags.json === true
      ? JSON.stringify(documentOf(loaded, secrets.value, warnings))
      : await textOf(loaded, secrets.value),
  );
  return EXIT.done;
}

/** Why the function `api` would not start; for whoever does not serve it, that is no problem. */
async function doubtsAbout({ server }: Config, { serverPassword }: Secrets): Promise<readonly string[]> {
  try {
    // One that cannot be fetched is a problem already.
    const password = await serverPassword?.reveal().catch(() => null);
    if (password !== null) signInOf(password === undefined ? server : { ...server, password });
    return [];
  } catch (fault) {
    return [`the function api would not start: ${asVoucherError(fault).message}`];
  }
}

/** Why secrets cannot be revealed; those that are kept elsewhere are asked for. */
async function unreadable(secrets: Secrets): Promise<readonly VoucherError[]> {
  const asked = [...namedSecrets(secrets)].map(async ([name, secret]) => {
    try {
      await secret.reveal();
      return [];
    } catch (fault) {
      const { code, message } = asVoucherError(fault);
      return [new VoucherError(code, `${name}: ${message}`)];
    }
  });
  return (await Promise.all(asked)).flat();
}

/** One error for several; a mistake of the configuration weighs more than what may pass. */
function together(faults: readonly VoucherError[]): VoucherError {
  const weightiest = faults.find((fault) => exitOfError(fault) === EXIT.usage) ?? faults[0];
  const lines = new Set(faults.map(({ message }) => message));
  return new VoucherError(weightiest?.code ?? "config", [...lines].join("\n"));
}

function documentOf({ config, file }: LoadedConfig, secrets: Secrets, warnings: readonly string[]): object {
  return {
    file: file ?? null,
    settings: describeConfig(config),
    secrets: { file: secrets.file ?? null, read: [...namedSecrets(secrets).keys()] },
    warnings,
  };
}

async function textOf({ config, file }: LoadedConfig, secrets: Secrets): Promise<string> {
  const { stringify } = await import("smol-toml");
  const names = [...namedSecrets(secrets).keys()];
  const from = secrets.file === undefined ? "" : ` (from ${secrets.file})`;
  return [
    `# ${file ?? "no configuration was found; these are the defaults"}`,
    `# secrets${from}: ${names.length === 0 ? "none" : `${names.join(", ")}; each can be read`}`,
    // What is not set is left out of JSON, and TOML has no word for it.
    stringify(JSON.parse(JSON.stringify(describeConfig(config)))).trimEnd(),
  ].join("\n");
}
