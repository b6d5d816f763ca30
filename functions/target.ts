import { parseArgs } from "node:util";

/** The function that this process is to serve, as the framework finds it: `--target`, else `FUNCTION_TARGET`. */
export function targetOf(
  argv: readonly string[],
  env: { readonly [name: string]: string | undefined },
): string | undefined {
  const { values } = parseArgs({ args: [...argv], options: { target: { type: "string" } }, strict: false });
  return typeof values.target === "string" ? values.target : env["FUNCTION_TARGET"];
}
