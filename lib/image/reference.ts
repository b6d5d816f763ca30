import { VoucherError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** An image's name, by the grammar of the Distribution project's references, normalised. */
export interface Reference {
  /** Host, and port where there is one; `docker.io` for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** A reference that names content and nothing else. */
export interface Canonical extends Reference {
  readonly digest: Digest;
}

const DOCKER_HUB = "docker.io";
const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const LONGEST_REPOSITORY = 255;

/**
 * Parses `name`, `name:tag`, `name@digest` or `name:tag@digest`, and completes Docker Hub's short names
 * (`alpine` is `docker.io/library/alpine`). A name without tag and digest stays without: see {@link withDefaultTag}.
 * Throws `usage` with a sentence that says what is wrong.
 */
export function parseReference(text: string): Reference {
  const [name, digestText, ...more] = text.split("@");
  if (!name || more.length > 0) throw unusable(text, "an image is written name:tag or name@sha256:…");
  const digest = digestText === undefined ? undefined : parseDigestOf(text, digestText);
  const { path, tag } = cutTag(name);
  if (tag !== undefined && !TAG.test(tag)) {
    throw unusable(text, "a tag has at most 128 letters, digits, dots, dashes and underscores");
  }
  const { registry, repository } = splitRegistry(path);
  if (!isHost(registry)) throw unusable(text, `${JSON.stringify(shorten(registry))} is no registry host`);
  requireRepository(text, repository);
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** As {@link parseReference}, for places where only content may be named. Throws `usage` without a digest. */
export function parseCanonical(text: string): Canonical {
  const reference = parseReference(text);
  if (reference.digest === undefined) throw unusable(text, "a digest is needed: name@sha256:…");
  return canonical(reference, reference.digest);
}

/** The reference of `digest` in the same repository, without a tag. */
export function canonical(of: Reference, digest: Digest): Canonical {
  return { registry: of.registry, repository: of.repository, digest };
}

/** Docker's rule: a name that says neither tag nor digest means the tag `latest`. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: "latest" }
    : reference;
}

/** `registry/repository`: what attestations call the docker-reference. */
export function nameOf(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** An https URL: how documents about images name one. */
export function uriOf(reference: Canonical): string {
  return `https://${formatReference(canonical(reference, reference.digest))}`;
}

/** The whole reference as text; {@link parseReference} reads it back. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${nameOf(reference)}${tag}${digest}`;
}

/** Whether `host` (with or without a port) is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, "");
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  );
}

function cutTag(name: string): { path: string; tag?: string } {
  const colon = name.lastIndexOf(":");
  if (colon <= name.lastIndexOf("/")) return { path: name };
  return { path: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** By grammar, and by what a URL allows: not every port is one, nor is every IPv4 or IPv6 look-alike an address. */
function isHost(registry: string): boolean {
  return HOST.test(registry) && URL.canParse(`https://${registry}`);
}

/**
 * The first component is a host if it has a dot or a colon, or is `localhost`. Docker takes upper case for a host too; we
 * compare hosts in lower case, where `Foo/app` would become another image's name, so it is refused as a path.
 */
function splitRegistry(path: string): { registry: string; repository: string } {
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  const named = slash > 0 && (/[.:]/.test(first) || first.toLowerCase() === "localhost");
  const host = named ? first.toLowerCase() : DOCKER_HUB;
  const registry = host === "index.docker.io" ? DOCKER_HUB : host;
  const repository = named ? path.slice(slash + 1) : path;
  const official = registry === DOCKER_HUB && !repository.includes("/");
  return { registry, repository: official ? `library/${repository}` : repository };
}

function requireRepository(text: string, repository: string): void {
  if (repository.length > LONGEST_REPOSITORY)
    throw unusable(text, `its repository has over ${LONGEST_REPOSITORY} characters`);
  if (!repository.split("/").every((part) => COMPONENT.test(part))) {
    const hint = /[A-Z]/.test(repository) ? "; upper case is not allowed" : "";
    throw unusable(text, `${JSON.stringify(shorten(repository))} is no repository path${hint}`);
  }
}

function parseDigestOf(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch (cause) {
    throw unusable(text, cause instanceof Error ? cause.message : String(cause));
  }
}

function unusable(text: string, why: string): VoucherError {
  return new VoucherError("usage", `can't use ${JSON.stringify(shorten(text))} as an image: ${why}`);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
