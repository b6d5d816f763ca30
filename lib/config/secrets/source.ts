import { extname } from "node:path";
import { VoucherError } from "../../errors.ts";
import type { Config } from "../config.ts";
import type { Environment } from "../environment.ts";
import type { Table } from "../keys.ts";
import { readTextFile } from "../text-file.ts";
import { readEjson } from "./ejson.ts";
import { parseText } from "./parse-text.ts";
import { readSops } from "./sops.ts";

/** The file that holds the secrets. */
export interface SecretsSource {
  readonly file: string;
  /** Returns its content in plain, still to be checked. Throws `config` or `timeout`. */
  read(): Promise<Table>;
}

/** The one source that is configured; undefined where there is none. Throws `config` for several, and for half of one. */
export function sourceOf(
  { ejson, sops, secrets }: Pick<Config, "ejson" | "sops" | "secrets">,
  env: Environment,
): SecretsSource | undefined {
  const set = Object.entries({
    "ejson.secrets": ejson.secrets ?? ejson.dir,
    "sops.file": sops.file,
    "secrets.file": secrets.file,
  }).flatMap(([name, file]) => (file === undefined ? [] : [name]));
  if (set.length > 1) {
    const message = `secrets are read from one file, and ${set.join(" and ")} are set; leave one of them`;
    throw new VoucherError("config", message);
  }
  if (sops.file !== undefined) return source(sops.file, (file) => readSops(file, env));
  if (secrets.file !== undefined) return source(secrets.file, readPlain);
  const { dir, secrets: file } = ejson;
  if (file === undefined && dir === undefined) return undefined;
  if (dir === undefined) {
    throw new VoucherError("config", "ejson.dir is missing; it names the folder of the private keys");
  }
  if (file === undefined)
    throw new VoucherError("config", "ejson.secrets is missing; it names the EJSON file");
  return source(file, () => readEjson(file, dir));
}

function source(file: string, read: (file: string) => Promise<Table>): SecretsSource {
  return { file, read: () => read(file) };
}

/** A mounted volume has its secrets in plain: nobody but this service can read it. */
async function readPlain(file: string): Promise<Table> {
  return parseText(file, await readTextFile(file), extname(file));
}
