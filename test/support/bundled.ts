import { join } from "node:path";
import { inject } from "vitest";

/** The path of one of the bundle's entries, or of what is deployed of it. Throws what the build said, where it failed. */
export function bundled(entry: "index.mjs" | "voucher.mjs" | "voucher-client.mjs" | "voucher.zip"): string {
  const bundle = inject("bundle");
  if ("fault" in bundle) throw new Error(`there is no bundle to test: ${bundle.fault}`);
  return join(bundle.folder, entry);
}
