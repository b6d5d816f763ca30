import { parseArgs } from "node:util";

type Environment = { readonly [name: string]: string | undefined };

/** The function that this process is to serve, as the framework finds it: `--target`, else `FUNCTION_TARGET`. */
export function targetOf(argv: readonly string[], env: Environment): string | undefined {
  return optionIn(argv, "target") ?? env["FUNCTION_TARGET"];
}

/** Where this process listens, as the framework finds it: `--port`, else `PORT`, else 8080. */
export function portOf(argv: readonly string[], env: Environment): string {
  return optionIn(argv, "port") ?? env["PORT"] ?? "8080";
}

function optionIn(argv: readonly string[], name: string): string | undefined {
  const { values } = parseArgs({ args: [...argv], options: { [name]: { type: "string" } }, strict: false });
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}
