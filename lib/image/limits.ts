import { VoucherError } from "../errors.ts";

/** What one review, and one instance, may take from registries. */
export interface Limits {
  /** Bytes of one manifest or index. */
  readonly manifestBytes: number;
  /** Bytes of one image config. */
  readonly configBytes: number;
  /** Bytes of all manifests and configs of one review. */
  readonly reviewBytes: number;
  /** Children of one index. */
  readonly children: number;
  /** How deep indexes may be nested; the one that was named is at depth 1. */
  readonly depth: number;
  /** Manifests and configs of one review. */
  readonly documents: number;
  /** Requests at once that one review makes. */
  readonly requestsPerHost: number;
  /** Requests at once that one instance makes of one host. */
  readonly requestsPerInstance: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  manifestBytes: 4 * MIB,
  configBytes: 4 * MIB,
  reviewBytes: 64 * MIB,
  children: 128,
  depth: 3,
  documents: 512,
  requestsPerHost: 8,
  requestsPerInstance: 64,
};

const SETTINGS: { readonly [Limit in keyof Limits]: string } = {
  manifestBytes: "manifest_bytes",
  configBytes: "config_bytes",
  reviewBytes: "review_bytes",
  children: "children",
  depth: "depth",
  documents: "documents",
  requestsPerHost: "requests_per_host",
  requestsPerInstance: "requests_per_instance",
};

/** The error of a passed limit: `what` went past it, and the setting that raises it. */
export function pastLimit(limits: Limits, limit: keyof Limits, what: string): VoucherError {
  return new VoucherError("limit", `${what}; the limit is ${limits[limit]} (limits.${SETTINGS[limit]})`);
}
