import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Digest, type DigestAlgorithm, digestOf } from "../../lib/image/digest.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { parseReference, type Reference } from "../../lib/image/reference.ts";
import type { Certificate } from "./certificate.ts";

/** A descriptor as it stands in JSON. */
export interface Listing {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: object;
  readonly annotations?: object;
  readonly data?: string;
  readonly [more: string]: unknown;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface Served {
  readonly bytes: Uint8Array;
  readonly mediaType: string | undefined;
}

/** A registry on loopback that holds what a test puts there, misbehaves where a test says so, and counts. */
export interface ScriptedRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The certificate that it shows, where it speaks TLS. */
  readonly cert?: string;
  /** Method and path of every request, in order of arrival. */
  readonly seen: readonly {
    readonly method: string;
    readonly path: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  readonly name: (suffix: string) => Reference;
  manifest(document: unknown, options?: PutOptions): Listing;
  blob(document: unknown, options?: { mediaType?: string; algorithm?: DigestAlgorithm }): Listing;
  /** An image of one platform; returns its entry for an index. */
  image(platform: Platform, options?: { user?: string; declare?: object | null } & PutOptions): Listing;
  index(manifests: readonly Listing[], options?: PutOptions & { more?: object }): Listing;
  /** Answers everything under a path, which may end in `*`, in its own way. */
  on(path: string, handler: Handler): void;
  /** Answers a request as a good registry would, for handlers that only count, delay or look on. */
  readonly serve: Handler;
  close(): Promise<void>;
}

interface PutOptions {
  readonly tag?: string;
  /** `null`: the document names none, and no Content-Type is served. */
  readonly mediaType?: string | null;
  readonly servedAs?: string;
  readonly algorithm?: DigestAlgorithm;
}

interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
}

export const REPOSITORY = "team/app";

/** With a certificate it speaks TLS. */
export async function scriptedRegistry(certificate?: Certificate): Promise<ScriptedRegistry> {
  const contents = new Map<string, Served>();
  const handlers: [string, Handler][] = [];
  const seen: ScriptedRegistry["seen"][number][] = [];

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const served = contents.get(request.url ?? "");
    if (served === undefined) {
      answerError(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
      return;
    }
    if (served.mediaType !== undefined) response.setHeader("content-type", served.mediaType);
    response.end(served.bytes);
  }

  const answer: Handler = (request, response) => {
    const path = request.url ?? "";
    seen.push({ method: request.method ?? "", path, headers: request.headers });
    const own = handlers.findLast(([on]) =>
      on.endsWith("*") ? path.startsWith(on.slice(0, -1)) : path === on,
    );
    (own?.[1] ?? serve)(request, response);
  };
  const server = certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function put(
    kind: "manifests" | "blobs",
    document: unknown,
    mediaType: string,
    options: PutOptions,
  ): Listing {
    const bytes =
      document instanceof Uint8Array
        ? document
        : Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
    const digest = digestOf(bytes, options.algorithm);
    const served = {
      bytes,
      mediaType: options.mediaType === null ? undefined : (options.servedAs ?? mediaType),
    };
    contents.set(`/v2/${REPOSITORY}/${kind}/${digest}`, served);
    if (options.tag !== undefined) contents.set(`/v2/${REPOSITORY}/${kind}/${options.tag}`, served);
    return { mediaType, digest, size: bytes.byteLength };
  }

  const registry: ScriptedRegistry = {
    host,
    ...(certificate === undefined ? {} : { cert: certificate.cert }),
    seen,
    name: (suffix) => parseReference(`${host}/${REPOSITORY}${suffix}`),
    manifest: (document, options = {}) =>
      put("manifests", document, options.mediaType ?? OCI_MANIFEST, options),
    blob: (document, options = {}) => put("blobs", document, options.mediaType ?? OCI_CONFIG, options),
    image(platform, options = {}) {
      const config = registry.blob({
        ...platform,
        config: { User: options.user ?? "65532" },
        rootfs: { type: "layers", diff_ids: [] },
      });
      const mediaType = options.mediaType === undefined ? OCI_MANIFEST : options.mediaType;
      const document = { schemaVersion: 2, ...(mediaType === null ? {} : { mediaType }), config, layers: [] };
      const declared = options.declare === undefined ? platform : options.declare;
      return {
        ...registry.manifest(document, options),
        ...(declared === null ? {} : { platform: declared }),
      };
    },
    index(manifests, options = {}) {
      const mediaType = options.mediaType === undefined ? OCI_INDEX : options.mediaType;
      const document = {
        schemaVersion: 2,
        ...(mediaType === null ? {} : { mediaType }),
        manifests,
        ...options.more,
      };
      return put("manifests", document, mediaType ?? OCI_INDEX, options);
    },
    serve,
    on: (path, handler) => void handlers.push([path, handler]),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return registry;
}

/** An error answer by the OCI distribution specification. */
export function answerError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}
