import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { normalizeKeys, type Table } from "../config/keys.ts";
import { readConfigFile } from "../config/read.ts";
import { VoucherError } from "../errors.ts";

/** What Voucher's client can be told, by flag or in its own file. */
export interface ClientSettings {
  readonly server: string;
  readonly check: string;
  readonly auth: string;
  readonly username: string;
  readonly password: string;
  /** Seconds. */
  readonly timeout: number;
}

export interface Found {
  readonly settings: ClientSettings;
  /** The file that was read, where there is one. */
  readonly file?: string;
  /** One line each. */
  readonly warnings: readonly string[];
}

/** Where the client runs. */
export interface Whereabouts {
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  /** An empty text where there is none. */
  readonly home: string;
}

const DEFAULTS: ClientSettings = {
  server: "http://localhost:8000",
  check: "all",
  auth: "basic",
  username: "",
  password: "",
  timeout: 240,
};

/** In Voucher's order. */
const ENDINGS = ["json", "toml", "yaml", "yml"];

/** YAML reads many a password as a number. */
const text = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((written: string | number) => String(written)),
);
const seconds = z.pipe(
  z.union([z.number(), z.string()]),
  z.transform((written: string | number) => (written === "" ? Number.NaN : Number(written))),
);
const FileSchema = z.object({
  server: z.optional(text),
  check: z.optional(text),
  auth: z.optional(text),
  username: z.optional(text),
  password: z.optional(text),
  timeout: z.optional(seconds),
});
const KEYS = Object.keys(DEFAULTS);

/**
 * The settings of Voucher's client: flags over environment over file over defaults. The file is `file`, else
 * `~/.voucher.{json,toml,yaml,yml}`. As in Voucher, only where a file is read do variables of its keys' names (`SERVER`,
 * `PASSWORD`, …) stand above it: without one they mean something else. Throws `config`.
 */
export async function readClientSettings(
  flags: Partial<ClientSettings> & { readonly file?: string | undefined },
  { env, cwd, home }: Whereabouts,
): Promise<Found> {
  const { file: named, ...set } = flags;
  const path = named === undefined ? await findIn(home) : resolve(cwd, named);
  if (path === undefined) return { settings: checked({ ...DEFAULTS, ...set }), warnings: [] };
  const document = normalizeKeys(await readConfigFile(path));
  const warnings = Object.keys(document)
    .filter((key) => !KEYS.includes(key))
    .map((key) => `${path}: ${key} is no setting of the client; it knows ${KEYS.join(", ")}`);
  const settings = { ...DEFAULTS, ...readFile({ ...document, ...variablesIn(env) }, path), ...set };
  return { settings: checked(settings), file: path, warnings };
}

async function findIn(home: string): Promise<string | undefined> {
  if (home === "") return undefined;
  for (const ending of ENDINGS) {
    const candidate = join(home, `.voucher.${ending}`);
    const isFile = await stat(candidate).then(
      (found) => !found.isDirectory(),
      () => false,
    );
    if (isFile) return candidate;
  }
  return undefined;
}

function variablesIn(env: Whereabouts["env"]): Table {
  const variables = KEYS.map((key) => [key, env[key.toUpperCase()]] as const);
  return Object.fromEntries(variables.filter(([, value]) => value !== undefined && value !== ""));
}

function readFile(document: Table, path: string) {
  const parsed = FileSchema.safeParse(document);
  if (parsed.success) return compact(parsed.data);
  const key = parsed.error.issues[0]?.path.join(".") ?? "it";
  throw new VoucherError(
    "config",
    `${path}: ${key}: must be ${key === "timeout" ? "a number of seconds" : "text"}`,
  );
}

function compact<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function checked(settings: ClientSettings): ClientSettings {
  const { timeout } = settings;
  if (Number.isFinite(timeout) && timeout > 0 && timeout <= 86_400) return settings;
  throw new VoucherError("config", "timeout: must be a number of seconds, above 0 and at most 86400");
}
