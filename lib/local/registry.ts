import type { Digest } from "../image/digest.ts";
import { listReferrers, subjectOf } from "./referrers.ts";
import { Repository } from "./repository.ts";
import type { SampleManifest } from "./sample.ts";
import {
  type Answer,
  json,
  type LocalRequest,
  type LocalServer,
  listen,
  Refusal,
  type ServerOptions,
} from "./server.ts";
import { Uploads } from "./uploads.ts";

/** What Artifact Registry publishes on its topic `gcr` when a repository changes. */
export interface RegistryEvent {
  readonly action: "INSERT" | "DELETE";
  /** `HOST/REPOSITORY@DIGEST` */
  readonly digest?: string;
  /** `HOST/REPOSITORY:TAG` */
  readonly tag?: string;
}

export interface RegistryOptions extends ServerOptions {
  /** Told of every change to a manifest or tag, once it is stored and before the answer. */
  readonly announce?: (event: RegistryEvent) => void;
  /** Whether it has the referrers API; it does unless this is false. */
  readonly referrersApi?: boolean;
}

export interface LocalRegistry extends LocalServer {
  /** Stores a manifest under whatever digest it claims, unchecked and unannounced: for content no registry accepts. */
  plant(name: string, manifest: SampleManifest): void;
}

/** The part of a path that says what is asked of a repository; the name before it may have slashes. */
const ROUTES = [
  ["uploads", /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/],
  ["blobs", /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ["manifests", /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ["referrers", /^\/v2\/(.+)\/referrers\/([^/]+)$/],
  ["tags", /^\/v2\/(.+)\/(tags)\/list$/],
] as const;
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const CODES: { readonly [status: number]: string } = {
  404: "NAME_UNKNOWN",
  412: "DENIED",
  413: "SIZE_INVALID",
  500: "UNKNOWN",
};

interface Route {
  readonly kind: (typeof ROUTES)[number][0];
  readonly name: string;
  /** The tag, digest or upload that is meant. */
  readonly item: string;
}

/**
 * Starts a registry that keeps everything in memory: OCI distribution specification 1.1. A manifest is put only where
 * `If-Match` and `If-None-Match` hold. It counts its requests as `base`, `manifests`, `blobs`, `uploads`, `referrers`,
 * `tags` and `other`.
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<LocalRegistry> {
  const repositories = new Map<string, Repository>();
  const uploads = new Uploads();
  const hasReferrersApi = options.referrersApi ?? true;

  const repositoryOf = (name: string): Repository => {
    const repository = repositories.get(name) ?? new Repository();
    repositories.set(name, repository);
    return repository;
  };

  const announce = (
    action: RegistryEvent["action"],
    name: string,
    named: { digest?: Digest; tag?: string },
  ): void => {
    options.announce?.({
      action,
      ...(named.digest === undefined ? {} : { digest: `${server.host}/${name}@${named.digest}` }),
      ...(named.tag === undefined ? {} : { tag: `${server.host}/${name}:${named.tag}` }),
    });
  };

  const manifests = (request: LocalRequest, repository: Repository, { name, item }: Route): Answer => {
    const tag = item.includes(":") ? {} : { tag: item };
    switch (request.method) {
      case "GET":
      case "HEAD": {
        const { mediaType, digest, bytes } = repository.manifest(item);
        const { headers, ...rest } = content(mediaType, digest, bytes);
        return { ...rest, headers: { ...headers, etag: `"${digest}"` } };
      }
      case "PUT": {
        requireState(repository, item, request);
        const digest = repository.addManifest(item, request.body, request.headers["content-type"]);
        announce("INSERT", name, { digest, ...tag });
        const subject = hasReferrersApi ? subjectOf({ bytes: request.body }) : undefined;
        return {
          status: 201,
          headers: {
            location: `/v2/${name}/manifests/${digest}`,
            "docker-content-digest": digest,
            ...(subject === undefined ? {} : { "oci-subject": subject }),
          },
        };
      }
      case "DELETE": {
        const { digest } = repository.manifest(item);
        repository.deleteManifest(item);
        announce("DELETE", name, "tag" in tag ? tag : { digest });
        return { status: 202 };
      }
      default:
        throw notAllowed(request);
    }
  };

  const answer = (request: LocalRequest): Answer => {
    if (isBase(request)) return json(200, {}, { "docker-distribution-api-version": "registry/2.0" });
    const route = routeOf(request);
    if (route === undefined) throw new Refusal(404, `${request.path} is no part of this API`);
    const { kind, name, item } = route;
    if (!NAME.test(name))
      throw new Refusal(400, `${JSON.stringify(name)} is no repository name`, "NAME_INVALID");
    // Only a push makes a repository: asking for one that is not there must leave nothing behind.
    const repository = repositories.get(name) ?? new Repository();
    if (kind === "tags") return tags(request, name, repositories.get(name));
    if (kind === "referrers" && isRead(request) && hasReferrersApi)
      return listReferrers(repository, item, request.query.get("artifactType"));
    if (kind === "referrers") throw new Refusal(404, `${request.path} is no part of this API`);
    if (kind === "blobs") return blobs(request, repository, item);
    if (kind === "manifests")
      return manifests(request, request.method === "PUT" ? repositoryOf(name) : repository, route);
    if (item !== "") return uploads.proceed(name, repository, item, request);
    if (request.method !== "POST") throw notAllowed(request);
    return uploads.begin(
      name,
      repositoryOf(name),
      repositories.get(request.query.get("from") ?? name),
      request,
    );
  };

  const kindOf = (request: LocalRequest): string =>
    isBase(request) ? "base" : (routeOf(request)?.kind ?? "other");
  const server = await listen({ kindOf, answer, refuse }, options);
  return {
    ...server,
    plant: (name, manifest) => repositoryOf(name).manifests.set(manifest.digest, manifest),
  };
}

function blobs(request: LocalRequest, repository: Repository, item: string): Answer {
  const { digest, bytes } = repository.blob(item);
  if (isRead(request)) return content("application/octet-stream", digest, bytes);
  if (request.method !== "DELETE") throw notAllowed(request);
  repository.blobs.delete(digest);
  return { status: 202 };
}

/** OCI distribution specification, "Listing tags": in lexical order, in pages of `n` after the tag `last`. */
function tags(request: LocalRequest, name: string, repository: Repository | undefined): Answer {
  if (repository === undefined) throw new Refusal(404, `there is no repository ${name}`, "NAME_UNKNOWN");
  if (!isRead(request)) throw notAllowed(request);
  const last = request.query.get("last") ?? "";
  const n = Number(request.query.get("n") ?? Number.POSITIVE_INFINITY);
  if (!(n >= 0)) throw new Refusal(400, "n is no number", "PAGINATION_NUMBER_INVALID");
  const rest = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const page = rest.slice(0, n);
  const next = `</v2/${name}/tags/list?n=${n}&last=${encodeURIComponent(page.at(-1) ?? "")}>; rel="next"`;
  return json(200, { name, tags: page }, page.length > 0 && page.length < rest.length ? { link: next } : {});
}

/** RFC 9110, section 13.1: what the writer saw must still stand there, or nothing where it saw nothing. */
function requireState(repository: Repository, item: string, { headers }: LocalRequest): void {
  const digest = item.includes(":") ? undefined : repository.tags.get(item);
  const ifMatch = headers["if-match"];
  const isMet =
    (ifMatch === undefined || ifMatch === "*" ? true : ifMatch === `"${digest}"`) &&
    (headers["if-none-match"] !== "*" || digest === undefined);
  if (!isMet) throw new Refusal(412, `${item} has been changed meanwhile`);
}

function content(mediaType: string, digest: Digest, bytes: Uint8Array): Answer {
  return {
    status: 200,
    headers: { "content-type": mediaType, "docker-content-digest": digest },
    body: bytes,
  };
}

/** The error body of the OCI distribution specification. */
function refuse({ status, message, code }: Refusal): Answer {
  return json(status, { errors: [{ code: code ?? CODES[status] ?? "UNSUPPORTED", message, detail: null }] });
}

function routeOf({ path }: LocalRequest): Route | undefined {
  for (const [kind, pattern] of ROUTES) {
    const [, name, item] = pattern.exec(path) ?? [];
    if (name !== undefined && item !== undefined) return { kind, name, item: decoded(item) };
  }
  return undefined;
}

/** Some clients escape the colon of a digest. */
function decoded(item: string): string {
  return item.replaceAll(/%3a/gi, ":");
}

function isBase({ path }: LocalRequest): boolean {
  return path === "/v2/" || path === "/v2";
}

function isRead({ method }: LocalRequest): boolean {
  return method === "GET" || method === "HEAD";
}

function notAllowed({ method, path }: LocalRequest): Refusal {
  return new Refusal(405, `${method} ${path} is not supported`, "UNSUPPORTED");
}
