import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openApi } from "../../lib/api/openapi.ts";

/** Writes docs/openapi.json anew: `node test/api/write-openapi.ts`. */

const file = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));
writeFileSync(file, JSON.stringify(openApi()));
execFileSync("npx", ["biome", "format", "--write", file], { stdio: "inherit" });
