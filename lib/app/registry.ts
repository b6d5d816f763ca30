import type { Config } from "../config/config.ts";
import type { Credentials } from "../google/credentials.ts";
import { proxiesIn } from "../proxy.ts";
import { dockerConfigCredentials, dockerConfigPath } from "../registry/docker-config.ts";
import { createRegistry, type Registry } from "../registry/registry.ts";
import type { Surroundings } from "./surroundings.ts";

/** The registry client: the user's own Docker sign-ins first, then Google's credentials for Google's hosts. */
export function registryOf(
  { registry, limits }: Config,
  google: Credentials,
  { env }: Surroundings,
): Registry {
  const credentials = dockerConfigCredentials(dockerConfigPath(env), env);
  return createRegistry({ ...registry, limits, credentials, google, proxies: proxiesIn(env) });
}
