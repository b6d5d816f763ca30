import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verdictEventJsonSchema } from "../../lib/event/verdict-event.ts";

/** Writes docs/verdict-event.schema.json anew: `node test/event/write-verdict-schema.ts`. */

const file = fileURLToPath(new URL("../../docs/verdict-event.schema.json", import.meta.url));
writeFileSync(file, JSON.stringify(verdictEventJsonSchema()));
execFileSync("npx", ["biome", "format", "--write", file], { stdio: "inherit" });
