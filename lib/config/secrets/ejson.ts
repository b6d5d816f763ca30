import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { isTable, type Table } from "../keys.ts";
import { configError, formatKey, type Problem } from "../problems.ts";
import { readTextFile, refused } from "../text-file.ts";
import { boxPrivateKey, boxPublicKey, openBox } from "./box.ts";
import { parseText } from "./parse-text.ts";

/** The format's own version is the digit; another one would mean another cipher. */
const BOXED = /^EJ\[(\d):([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{32}):([A-Za-z0-9+/=]+)\]$/;
const KEY_IN_HEX = /^[0-9a-f]{64}$/i;

/**
 * Reads an EJSON file and decrypts its values (https://github.com/Shopify/ejson): `keys` is the folder that has the
 * private key in a file named by the public one. Names that begin with an underscore hold plain values. Throws `config`,
 * with every value that cannot be decrypted.
 */
export async function readEjson(file: string, keys: string): Promise<Table> {
  const document = await parseText(file, await readTextFile(file), ".json");
  const publicKey = document["_public_key"];
  if (typeof publicKey !== "string" || !KEY_IN_HEX.test(publicKey)) {
    throw refused(file, "has no _public_key of 64 hexadecimal digits, so it is no EJSON file");
  }
  const privateKey = await readPrivateKey(publicKey.toLowerCase(), keys);
  const problems: Problem[] = [];
  const decrypted = await decryptTable(document, [], { file, privateKey, problems });
  if (problems.length > 0) throw configError(problems);
  return decrypted;
}

async function readPrivateKey(publicKey: string, folder: string): Promise<KeyObject> {
  const path = join(folder, publicKey);
  const written = (await readTextFile(path)).trim();
  if (!KEY_IN_HEX.test(written)) {
    throw refused(path, "is no private key of EJSON: 64 hexadecimal digits, as `ejson keygen` prints them");
  }
  const key = boxPrivateKey(Buffer.from(written, "hex"));
  if (Buffer.from(boxPublicKey(key)).toString("hex") === publicKey) return key;
  throw refused(path, "holds the private key of another public key than its name says");
}

interface Decrypting {
  readonly file: string;
  readonly privateKey: KeyObject;
  readonly problems: Problem[];
}

async function decryptTable(
  table: Table,
  path: readonly PropertyKey[],
  decrypting: Decrypting,
): Promise<Table> {
  const entries = Object.entries(table).map(async ([name, inner]) => {
    return [name, await decryptValue(inner, [...path, name], decrypting)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function decryptValue(
  value: unknown,
  path: readonly PropertyKey[],
  decrypting: Decrypting,
): Promise<unknown> {
  if (Array.isArray(value)) {
    return Promise.all(value.map((item, index) => decryptValue(item, [...path, index], decrypting)));
  }
  if (isTable(value)) return decryptTable(value, path, decrypting);
  return typeof value === "string" && !isPlain(path) ? decryptText(value, path, decrypting) : value;
}

/** Whether the nearest name above a value begins with an underscore; it says nothing of tables below it. */
function isPlain(path: readonly PropertyKey[]): boolean {
  const name = path.findLast((part) => typeof part === "string");
  return name?.startsWith("_") ?? false;
}

async function decryptText(
  text: string,
  path: readonly PropertyKey[],
  { file, privateKey, problems }: Decrypting,
): Promise<string> {
  const wrong = (message: string) => {
    problems.push({ source: file, key: formatKey(path), message });
    return "";
  };
  const [, version, from = "", nonce = "", content = ""] = BOXED.exec(text) ?? [];
  if (version === undefined) return wrong("is not encrypted; run `ejson encrypt` on the file");
  if (version !== "1") return wrong(`is encrypted in version ${version} of the format; only 1 is known`);
  const box = { from: bytes(from), nonce: bytes(nonce), content: bytes(content) };
  const written = [from, nonce, content].every(isBase64);
  const opened = written ? await openBox(box, privateKey) : undefined;
  if (opened === undefined) return wrong("cannot be decrypted: it is for another key, or was changed");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(opened);
  } catch {
    return wrong("is not UTF-8 text once it is decrypted");
  }
}

/** Node reads over what does not belong there; ejson does not. */
function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

function bytes(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}
