import pLimit, { type LimitFunction } from "p-limit";
import { asVoucherError, VoucherError } from "../errors.ts";
import { essentialsOf } from "../image/classify.ts";
import { type Digest, names } from "../image/digest.ts";
import { type ImageConfig, parseImageConfig } from "../image/image-config.ts";
import { type Limits, pastLimit } from "../image/limits.ts";
import { type Descriptor, type Index, type Manifest, parseManifest } from "../image/manifest.ts";
import { canonical, formatReference, type Reference } from "../image/reference.ts";
import { abandoned } from "../retry.ts";
import type { Content } from "./cache.ts";
import type { Client } from "./client.ts";
import { about } from "./failure.ts";

/** A document that was read, and its size in bytes. */
export interface Opened<T> {
  readonly digest: Digest;
  readonly size: number;
  readonly document: T;
}

/** A document that nobody could take for a manifest, and why it is none. */
export interface Unknown {
  readonly kind: "unknown";
  readonly error: VoucherError;
}

type Memo<T> = Map<Digest, Promise<Opened<T>>>;

/**
 * Reads the documents of one review: each digest once, within what one review may take. Past a limit of the whole
 * review everything stops.
 */
export class ReviewReader {
  readonly limits: Limits;
  readonly #client: Client;
  readonly #of: Reference;
  readonly #turn: LimitFunction;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #manifests: Memo<Index | Manifest | Unknown> = new Map();
  readonly #configs: Memo<ImageConfig> = new Map();
  #bytes = 0;

  constructor(client: Client, limits: Limits, of: Reference, signal: AbortSignal) {
    this.limits = limits;
    this.#client = client;
    this.#of = of;
    this.#turn = pLimit(limits.requestsPerHost);
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  /** The document that the review is about. */
  async top(): Promise<Opened<Index | Manifest>> {
    const content = await this.#client.manifest(this.#of, this.#signal);
    const opened = this.#open(content, toManifest);
    this.#manifests.set(content.digest, Promise.resolve(opened));
    this.#spend(opened.size);
    this.throwIfStopped();
    return opened;
  }

  async manifest(descriptor: Descriptor): Promise<Opened<Index | Manifest | Unknown>> {
    return await this.#read(descriptor, "manifest", this.#manifests, toManifestOrUnknown);
  }

  async config(descriptor: Descriptor): Promise<ImageConfig> {
    return (await this.#read(descriptor, "blob", this.#configs, toConfig)).document;
  }

  /** Throws what ended the whole review, if something did. */
  throwIfStopped(): void {
    if (this.#signal.aborted) throw abandoned(this.#signal);
  }

  async #read<T>(
    descriptor: Descriptor,
    kind: "manifest" | "blob",
    memo: Memo<T>,
    parse: (content: Content) => T,
  ): Promise<Opened<T>> {
    const { digest, size } = descriptor;
    const name = this.#nameOf(digest);
    const limit = limitOf(kind);
    if (size > this.limits[limit]) throw pastLimit(this.limits, limit, `${name} has ${size} bytes`);
    const inline = inlineContent(descriptor, name);
    let opened = memo.get(digest);
    if (opened === undefined) {
      const content = inline === undefined ? this.#fetch(kind, digest) : Promise.resolve(inline);
      opened = content.then((fetched) => this.#open(fetched, parse));
      memo.set(digest, opened);
      this.#spend(size);
    }
    const { size: actual } = await opened;
    if (actual !== size) {
      const message = `${name} has ${actual} bytes, not the ${size} that its descriptor states`;
      throw new VoucherError("digest-mismatch", message);
    }
    return await opened;
  }

  async #fetch(kind: "manifest" | "blob", digest: Digest): Promise<Content> {
    try {
      return await this.#turn(() => this.#client[kind](canonical(this.#of, digest), this.#signal));
    } catch (thrown) {
      const { code } = asVoucherError(thrown);
      // Whoever sends other content than was asked for may have sent as much of it as a document may have.
      if (code === "digest-mismatch" || code === "limit") this.#spend(this.limits[limitOf(kind)]);
      throw thrown;
    }
  }

  #open<T>(content: Content, parse: (content: Content) => T): Opened<T> {
    const { digest, bytes } = content;
    try {
      return { digest, size: bytes.byteLength, document: parse(content) };
    } catch (thrown) {
      throw about(this.#nameOf(digest), asVoucherError(thrown));
    }
  }

  #spend(bytes: number): void {
    this.#bytes += bytes;
    const read = `${formatReference(this.#of)} leads to more than one review may read`;
    if (this.#bytes > this.limits.reviewBytes) {
      this.#stop.abort(pastLimit(this.limits, "reviewBytes", `${read}, in bytes`));
    } else if (this.#manifests.size + this.#configs.size > this.limits.documents) {
      this.#stop.abort(pastLimit(this.limits, "documents", `${read}, in documents`));
    }
  }

  #nameOf(digest: Digest): string {
    return formatReference(canonical(this.#of, digest));
  }
}

function limitOf(kind: "manifest" | "blob"): "manifestBytes" | "configBytes" {
  return kind === "manifest" ? "manifestBytes" : "configBytes";
}

function toManifest({ bytes, mediaType }: Content): Index | Manifest {
  return essentialsOf(parseManifest(bytes, mediaType));
}

function toManifestOrUnknown(content: Content): Index | Manifest | Unknown {
  try {
    return toManifest(content);
  } catch (thrown) {
    if (looksLikeManifest(content.bytes)) throw thrown;
    return { kind: "unknown", error: asVoucherError(thrown) };
  }
}

const MEMBERS = ["manifests", "config", "layers", "fslayers"];

/** Whether any reader, however lenient, could find children, layers or a config in `bytes`. */
function looksLikeManifest(bytes: Uint8Array): boolean {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return false;
  }
  return (
    typeof document === "object" &&
    document !== null &&
    Object.keys(document).some((key) => MEMBERS.includes(key.toUpperCase().toLowerCase()))
  );
}

function toConfig({ bytes }: Content): ImageConfig {
  return parseImageConfig(bytes);
}

/** The content that a descriptor carries itself. Throws `digest-mismatch` for content that is not what it describes. */
function inlineContent({ data, digest, size }: Descriptor, name: string): Content | undefined {
  if (data === undefined) return undefined;
  if (data.byteLength !== size || !names(digest, data)) {
    throw new VoucherError(
      "digest-mismatch",
      `the data in the descriptor of ${name} is not what its digest names`,
    );
  }
  return { digest, bytes: data };
}
