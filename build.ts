import { chmod, rm } from "node:fs/promises";
import { build } from "esbuild";
import { FRAMEWORK, writeArchive, writePackage } from "./archive.ts";

/**
 * Makes the bundle in dist/: one entry a target, shared chunks, lazy imports still lazy. Of the dependencies it needs only
 * what stands in `external`: the framework has to be one and the same module for us and for the program that loads us.
 * Then dist/voucher.zip, which is what Terraform deploys.
 */

/** What CommonJS modules take for granted; an ES module has to define it. */
const NAMES_FOR_COMMONJS = [
  'import { createRequire as __voucherCreateRequire } from "node:module";',
  "const require = __voucherCreateRequire(import.meta.url);",
  "const __filename = import.meta.filename;",
  "const __dirname = import.meta.dirname;",
].join("\n");

const GRPC_BASE = "@opentelemetry/otlp-grpc-exporter-base";
const FOLDER = "dist";

await rm(FOLDER, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    index: "functions/index.ts",
    voucher: "lib/cli/main.ts",
    "voucher-client": "lib/cli/voucher-client.ts",
  },
  outdir: FOLDER,
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  sourcemap: true,
  external: [FRAMEWORK],
  // As an ES module it looks for gRPC with a require of its own making, which no bundler sees.
  alias: { [GRPC_BASE]: `./node_modules/${GRPC_BASE}/dist/index.cjs` },
  banner: { js: NAMES_FOR_COMMONJS },
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});
for (const bin of ["voucher", "voucher-client"]) await chmod(`${FOLDER}/${bin}.mjs`, 0o755);
await writePackage(FOLDER);
await writeArchive(FOLDER, metafile);
