import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { generatePkixKey, isCheckName, NAME_RULE, type PublicKey } from "../app.ts";
import { ALL, configuredChecks } from "../config/groups.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import { EXIT, type ExitCode, exitOfError, worst } from "./exit.ts";
import { type CommonFlags, type Session, sentence } from "./session.ts";
import type { Terminal } from "./terminal.ts";

export interface GenerateFlags {
  readonly check: string;
  readonly out?: string;
  readonly json?: boolean;
}

const OWNER_ONLY = 0o600;

/**
 * `voucher keys generate --check NAME`: makes a key pair for a check, writes the private key where only its owner can read
 * it, and prints what an attestor needs. Never overwrites a file.
 */
export async function generateCommand(
  { check, out, json }: GenerateFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (!isCheckName(check)) {
    throw new VoucherError("usage", `${JSON.stringify(check)} is no name of a check, which ${NAME_RULE}`);
  }
  if (check === ALL) throw new VoucherError("usage", "all is a group; make a key for each check in it");
  const file = resolve(out ?? `${check}.pem`);
  const { privateKey, publicKey, keyId } = await generatePkixKey();
  await writeFile(file, privateKey, { mode: OWNER_ONLY, flag: "wx" }).catch((cause) => {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    const why = exists
      ? "exists already; name another with --out"
      : `cannot be written${code}; is there such a folder?`;
    throw new VoucherError("usage", `${file} ${why}`, { cause });
  });
  if (json === true) {
    terminal.out(JSON.stringify({ check, keyId, path: file, publicKey }));
    return EXIT.done;
  }
  terminal.err(
    `The private key is in ${file}. For the configuration:\n\n[[pkix_keys]]\ncheck = ${JSON.stringify(check)}\npath = ${JSON.stringify(file)}\n`,
  );
  terminal.out(`${keyId}\n${publicKey.trimEnd()}`);
  return EXIT.done;
}

/**
 * `voucher keys show`: the key id and public key of every configured check, and of every other that has a key. One that
 * cannot be shown hinders no other; it decides the exit code.
 */
export async function showCommand(flags: CommonFlags, { app, terminal }: Session): Promise<ExitCode> {
  const keys = await app.publicKeys();
  const checks = [...new Set([...configuredChecks(app.config), ...keys.keys()])];
  const shown = await Promise.all(checks.map((check) => show(check, keys.get(check), app.config.signer)));
  const good = shown.flatMap((one) => (one instanceof VoucherError ? [] : [one]));
  const faults = shown.flatMap((one) => (one instanceof VoucherError ? [one] : []));
  for (const fault of faults) terminal.err(sentence(fault));
  if (flags.json === true) terminal.out(JSON.stringify(good));
  else if (good.length > 0) {
    const blocks = good.map(({ check, keyId, publicKey }) => `${check}\n${keyId}\n${publicKey.trimEnd()}`);
    terminal.out(blocks.join("\n\n"));
  }
  return worst(faults.map(exitOfError));
}

async function show(check: string, key: PublicKey | undefined, signer: string) {
  if (key === undefined)
    return new VoucherError("config", `the signer ${signer} has no key for the check ${check}`);
  try {
    return { check, keyId: key.id, publicKey: await key.text() };
  } catch (fault) {
    const error = asVoucherError(fault);
    return new VoucherError(error.code, `the key of ${check} cannot be shown: ${error.message}`, {
      cause: error,
    });
  }
}
