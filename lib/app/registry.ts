import type { Config } from "../config/config.ts";
import { dockerConfigCredentials, dockerConfigPath } from "../registry/docker-config.ts";
import { createRegistry, type Registry } from "../registry/registry.ts";
import type { Means } from "./means.ts";
import type { Surroundings } from "./surroundings.ts";

/** The registry client: the user's own Docker sign-ins first, then Google's credentials for Google's hosts. */
export function registryOf(
  { registry, limits }: Config,
  { google, proxies, observer }: Means,
  { env }: Surroundings,
): Registry {
  const credentials = dockerConfigCredentials(dockerConfigPath(env), env);
  const onRequest = () => observer.request("registry");
  return createRegistry({ ...registry, limits, credentials, google, proxies, onRequest });
}
