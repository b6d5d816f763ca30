import { chmod, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
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

const ASKED = Symbol("asked by the plugin itself");

/**
 * In a bundle with shared chunks, a CommonJS module that is imported lazily has its default export and no other. Our own code
 * goes by that; packages do not (gaxios, where there is a proxy), so they get the names that Node would give them.
 */
const namesOfCommonJs: Plugin = {
  name: "names of CommonJS modules",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      const isPackages = importer.includes("node_modules");
      if (kind !== "dynamic-import" || !isPackages || pluginData === ASKED) return undefined;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: ASKED });
      if (found.external || found.path === "") return undefined;
      const names = await exportsOf(found.path);
      if (!names.includes("module.exports")) return undefined;
      return { path, namespace: "names", pluginData: { names, resolveDir } };
    });
    onLoad({ filter: /.*/, namespace: "names" }, ({ path, pluginData: { names, resolveDir } }) => {
      const own = names.filter((name: string) => !["default", "module.exports"].includes(name));
      const contents = [
        `import * as all from ${JSON.stringify(path)};`,
        `export const { ${own.join(", ")} } = all;`,
        "export default all.default;",
      ].join("\n");
      return { contents, resolveDir };
    });
  },
};

/** What Node finds in a module; in one of CommonJS also `module.exports`. */
async function exportsOf(path: string): Promise<readonly string[]> {
  const namespace: object = await import(pathToFileURL(path).href);
  return Object.keys(namespace);
}

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
  plugins: [namesOfCommonJs],
  banner: { js: NAMES_FOR_COMMONJS },
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});
for (const bin of ["voucher", "voucher-client"]) await chmod(`${FOLDER}/${bin}.mjs`, 0o755);
await writePackage(FOLDER);
await writeArchive(FOLDER, metafile);
