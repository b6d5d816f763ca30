import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { stringify } from "yaml";
import { startProcess } from "./processes.ts";

export interface DistributionOptions {
  /** Where the registry announces what is pushed to it and pulled from it. */
  readonly notify?: string | NotificationEndpoint;
}

/** An endpoint as the registry's configuration has it (its "notifications"); what is not given here has a default. */
export interface NotificationEndpoint {
  readonly url: string;
  readonly headers?: { readonly [name: string]: readonly string[] };
  readonly [setting: string]: unknown;
}

/** A request that the registry answered, by its own log. */
export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly userAgent: string;
}

/** CNCF Distribution, the registry that most others descend from, in a process of its own. */
export interface Distribution {
  /** `127.0.0.1:PORT`, the host in an image's name. */
  readonly host: string;
  readonly url: string;
  /** Every request that was answered so far, without those of skopeo: what the program under test asked. */
  requests(): Promise<readonly RegistryRequest[]>;
  /** Takes a manifest away, as a person or a clean-up rule does who does not know that an index lists it. */
  deleteManifest(repository: string, digest: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts `docker-registry` on a free port, with all content in memory. */
export async function startDistribution({ notify }: DistributionOptions = {}): Promise<Distribution> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-distribution-"));
  const file = join(folder, "config.yml");
  await writeFile(file, stringify(configOf(notify)));
  const answered: RegistryRequest[] = [];
  let markers = 0;
  const server = await startProcess("docker-registry", ["serve", file], {
    ready: /listening on (127\.0\.0\.1:\d+)/,
    onLine: (line) => {
      const request = readRequest(line);
      if (request !== undefined) answered.push(request);
    },
  });
  const host = server.ready?.[1] ?? "";
  const url = `http://${host}`;
  return {
    host,
    url,
    async requests() {
      // The log lags behind the answers; what stands before a request of our own is complete.
      markers += 1;
      const userAgent = `test/${markers}`;
      await fetch(`${url}/v2/`, { headers: { "user-agent": userAgent } });
      await vi.waitFor(() => expect(answered.some((request) => request.userAgent === userAgent)).toBe(true), {
        timeout: 5_000,
        interval: 10,
      });
      return answered.filter((request) => !/^(?:skopeo|test)\//.test(request.userAgent));
    },
    async deleteManifest(repository, digest) {
      const headers = { "user-agent": "test/delete" };
      const target = `${url}/v2/${repository}/manifests/${digest}`;
      const { ok, status } = await fetch(target, { method: "DELETE", headers });
      if (!ok) throw new Error(`DELETE ${target}: ${status}`);
    },
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(notify: string | NotificationEndpoint | undefined): object {
  const given = typeof notify === "string" ? { url: notify } : notify;
  const endpoint = { name: "test", timeout: "5s", threshold: 5, backoff: "100ms", ...given };
  return {
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: { inmemory: {}, delete: { enabled: true }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: "127.0.0.1:0", secret: "no secret" },
    ...(notify === undefined ? {} : { notifications: { endpoints: [endpoint] } }),
  };
}

/** Distribution logs one entry when it has answered a request, as info or, for a refusal, as error. */
function readRequest(line: string): RegistryRequest | undefined {
  if (!line.includes('"msg":"response completed')) return undefined;
  const entry: { readonly [field: string]: unknown } = JSON.parse(line);
  return {
    method: String(entry["http.request.method"]),
    path: String(entry["http.request.uri"]),
    status: Number(entry["http.response.status"]),
    userAgent: String(entry["http.request.useragent"]),
  };
}
