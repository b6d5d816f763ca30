import { applicationDefaultCredentials } from "../../lib/google/credentials.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { connectTo, type NamedServer } from "./named-servers.ts";

/**
 * Resolves `argv[2]` and prints the answer as JSON: for what only a process of its own can show, since Node reads some
 * of its environment at start. `argv[3]` are options, as JSON.
 */
interface ChildOptions extends Pick<RegistryOptions, "secure" | "insecure"> {
  readonly google?: boolean;
  readonly servers?: { readonly [name: string]: NamedServer };
}

const [, , image = "", json = "{}"] = process.argv;
const { google, servers, ...options }: ChildOptions = JSON.parse(json);
const registry = createRegistry({
  ...options,
  ...(google === true ? { google: applicationDefaultCredentials() } : {}),
  ...(servers === undefined ? {} : { connect: connectTo(servers) }),
});
try {
  const resolved = await registry.resolve(parseReference(image), AbortSignal.timeout(15_000));
  process.stdout.write(JSON.stringify(resolved));
} catch (thrown) {
  process.stdout.write(JSON.stringify({ error: String(thrown) }));
} finally {
  await registry.close();
}
