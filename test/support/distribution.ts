import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { startProcess } from "./processes.ts";

export interface DistributionOptions {
  /** Where the registry announces what is pushed to it and pulled from it. */
  readonly notify?: string;
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
  /** The requests so far, without those of skopeo: what the program under test asked. */
  readonly requests: readonly RegistryRequest[];
  close(): Promise<void>;
}

/** Starts `docker-registry` on a free port, with all content in memory. */
export async function startDistribution({ notify }: DistributionOptions = {}): Promise<Distribution> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-distribution-"));
  const file = join(folder, "config.yml");
  await writeFile(file, stringify(configOf(notify)));
  const requests: RegistryRequest[] = [];
  const server = await startProcess("docker-registry", ["serve", file], {
    ready: /listening on (127\.0\.0\.1:\d+)/,
    onLine: (line) => {
      const request = readRequest(line);
      if (request !== undefined && !request.userAgent.startsWith("skopeo/")) requests.push(request);
    },
  });
  const host = server.ready?.[1] ?? "";
  return {
    host,
    url: `http://${host}`,
    requests,
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configOf(notify: string | undefined): object {
  const endpoint = { name: "test", url: notify, timeout: "5s", threshold: 5, backoff: "100ms" };
  return {
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: { inmemory: {}, maintenance: { uploadpurging: { enabled: false } } },
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
