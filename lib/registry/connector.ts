import type { buildConnector } from "undici";
import { isPublicAddress, publicLookup, type Reach } from "./address.ts";

/** Opens a connection: undici's own type. */
export type Connect = buildConnector.connector;

/** Opens connections within their reach, and remembers where each host turned out to be. */
export interface Connectors {
  of(reach: Reach): Connect;
  /** Whether every connection to `hostname` so far led to an address that is not public. */
  isInward(hostname: string): boolean;
}

/** Hosts whose place is remembered; one that was forgotten counts as public, the stricter answer. */
const MOST_HOSTS = 1000;

/**
 * `build` is undici's `buildConnector`. `override` opens every connection instead, for tests that serve public names on
 * loopback.
 */
export function createConnectors(
  build: typeof buildConnector,
  timeout: number,
  override: Connect | undefined,
): Connectors {
  const inward = new Map<string, boolean>();

  function note(hostname: string, address: string | undefined): void {
    if (address === undefined || (inward.size >= MOST_HOSTS && !inward.has(hostname))) return;
    inward.set(hostname, inward.get(hostname) !== false && !isPublicAddress(address));
  }

  function connector(reach: Reach): Connect {
    const settings = { timeout, allowH2: false };
    const open = override ?? build(reach === "public" ? { ...settings, lookup: publicLookup() } : settings);
    return (options, callback) => {
      open(options, (...[error, socket]) => {
        if (error) return callback(error, null);
        if (override === undefined) note(options.hostname, socket.remoteAddress);
        callback(null, socket);
      });
    };
  }

  const connectors = { anywhere: connector("anywhere"), public: connector("public") };
  return { of: (reach) => connectors[reach], isInward: (hostname) => inward.get(hostname) === true };
}
