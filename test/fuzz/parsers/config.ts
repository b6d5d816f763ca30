import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify as toml } from "smol-toml";
import { stringify as yaml } from "yaml";
import { loadConfig } from "../../../lib/config/load.ts";
import { loadSecrets } from "../../../lib/config/secrets/load.ts";
import { parseText } from "../../../lib/config/secrets/parse-text.ts";
import { namedSecrets } from "../../../lib/config/secrets/secrets.ts";
import { EVERY_KEY } from "../../config/every-key.ts";
import { EJSON_DOCUMENT, EJSON_KEY, EJSON_PLAIN } from "../../config/secrets/ejson-sample.ts";
import type { Parser, Samples } from "../parser.ts";

/** A configuration that loads, and one that has every key that there is. */
const CONFIGS = [
  {
    valid_repos: ["gcr.io/team/"],
    binauth_project: "attestations",
    signer: "pkix",
    pkix_keys: [
      { check: "diy", path: "keys/diy.pem" },
      { check: "mine", path: "keys/mine.pem" },
    ],
    checks: { diy: true, mine: { module: "./mine.js", options: { maxAge: 3 } } },
    required: { prod: { diy: true } },
    snakeoil: { allow: [{ id: "CVE-2027-1", reason: "not reachable", expires: "2027-06-30" }] },
    limits: { manifest_bytes: 4_194_304, timeout_seconds: 240 },
    registry: { insecure: ["registry.internal:5000"], trusted_realms: ["https://auth.example.com"] },
  },
  EVERY_KEY,
];
const WORDS = [
  ...Object.keys(EVERY_KEY),
  "check",
  "path",
  "linux/amd64",
  "https://a:b@c/",
  "sm://projects/p/secrets/s/versions/1",
];
const TOML = [
  ...[
    "[[",
    "]]",
    "[",
    "]",
    "[a.b]",
    "[[a]]",
    "=",
    "a.b.c = ",
    '"""',
    "'''",
    "1979-05-27T07:32:00Z",
    "25:61:61",
  ],
  ...[
    "inf",
    "-nan",
    "0x",
    "0b1",
    "1_000",
    "1__0",
    "9".repeat(40),
    "{ a = ",
    "\\u{110000}",
    "\\uD800",
    "#",
    "\n",
    "\t",
  ],
];
const YAML = [
  ...[
    "&a",
    "*a",
    "*b",
    "<<: *a",
    "<<: 1",
    "? ",
    "- ",
    "- - - ",
    ": ",
    ":\n",
    "|\n",
    ">+9\n",
    "---\n",
    "...\n",
    "%YAML 9.9\n",
  ],
  ...[
    "!!binary ",
    "!!js/function ",
    "!!float ",
    "!!set ",
    "!<",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "'",
    '"',
    "\\x",
    "\t",
    "\n  ",
  ],
  ...[
    "~",
    "0o17",
    ".inf",
    ".nan",
    "2001-12-14t21:59:43.10-05:00",
    "yes",
    "[*a,*a,*a]",
    "&a [*a]",
    "__proto__: ",
  ],
];

/** A row for each format that a document may be written in. */
function inEachFormat(
  documents: readonly object[],
  words: readonly string[],
  row: (format: string, samples: Samples) => Parser,
): readonly Parser[] {
  return [
    row("toml", { text: documents.map((document) => toml(document)), words: [...TOML, ...words] }),
    row("yaml", {
      text: documents.map((document) => yaml(document)),
      json: documents,
      words: [...YAML, ...words],
    }),
    row("json", { json: documents, words }),
  ];
}

/** The secrets that a configuration leads to, every one in a text: whatever may fail of a file has failed by then. */
async function secretsBy(config: object, folder: string): Promise<unknown> {
  const file = join(folder, "voucher.json");
  await writeFile(file, JSON.stringify(config));
  const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const named = namedSecrets(await loadSecrets(loaded.config, { env: {} }));
  return JSON.stringify([...named]);
}

export const CONFIG: readonly Parser[] = [
  ...inEachFormat(CONFIGS, WORDS, (format, samples) => ({
    name: `a configuration in ${format}`,
    samples,
    refuses: ["config"],
    heavy: true,
    async read(bytes, folder) {
      const file = join(folder, `voucher.${format}`);
      await writeFile(file, bytes);
      return loadConfig({ file, env: {}, cwd: folder, home: "" });
    },
  })),
  ...inEachFormat(
    [EJSON_PLAIN],
    ["openpgpkeys", "sm://projects/p/secrets/s/versions/1"],
    (format, samples) => ({
      name: `secrets in ${format}`,
      samples,
      refuses: ["config"],
      heavy: true,
      async read(bytes, folder) {
        await writeFile(join(folder, `secrets.${format}`), bytes);
        return secretsBy({ secrets: { file: `secrets.${format}` } }, folder);
      },
    }),
  ),
  {
    name: "an EJSON file",
    samples: { json: [EJSON_DOCUMENT], words: ["EJ[1:", "EJ[2:a:b:c]", "_public_key", EJSON_KEY.public] },
    refuses: ["config"],
    heavy: true,
    async read(bytes, folder) {
      await writeFile(join(folder, "secrets.ejson"), bytes);
      await writeFile(join(folder, EJSON_KEY.public), EJSON_KEY.private);
      return secretsBy({ ejson: { dir: folder, secrets: "secrets.ejson" } }, folder);
    },
  },
  {
    name: "what sops prints",
    samples: { json: [EJSON_PLAIN] },
    refuses: ["config"],
    read: (bytes) => parseText("secrets.json", Buffer.from(bytes).toString(), ".json"),
  },
];
