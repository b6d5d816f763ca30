import type { Secrets } from "../config/secrets/secrets.ts";
import type { Credentials } from "../google/credentials.ts";
import type { Observer } from "../ports.ts";
import type { Proxies } from "../proxy.ts";

/** What the parts of the application share besides the configuration. */
export interface Means {
  readonly google: Credentials;
  /** Read when the first of them is needed. */
  readonly secrets: () => Promise<Secrets>;
  readonly observer: Observer;
  readonly proxies: Proxies | undefined;
}
