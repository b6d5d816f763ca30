import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { generatePkixKey } from "../app.ts";
import { VoucherError } from "../errors.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import type { CommonFlags, Session } from "./session.ts";
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
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(check))
    throw new VoucherError("usage", `${JSON.stringify(check)} is no name of a check`);
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

/** `voucher keys show`: for every check that the configured signer has a key for, its key id and public key. */
export async function showCommand(flags: CommonFlags, { app, terminal }: Session): Promise<ExitCode> {
  const keys = await Promise.all(
    [...(await app.publicKeys())].map(async ([check, key]) => ({
      check,
      keyId: key.id,
      publicKey: await key.text(),
    })),
  );
  if (flags.json === true) {
    terminal.out(JSON.stringify(keys));
    return EXIT.done;
  }
  const { signer } = app.config;
  if (keys.length === 0) throw new VoucherError("config", `no key is configured for the signer ${signer}`);
  terminal.out(
    keys.map(({ check, keyId, publicKey }) => `${check}\n${keyId}\n${publicKey.trimEnd()}`).join("\n\n"),
  );
  return EXIT.done;
}
