import { createHash } from "node:crypto";
import { VoucherError } from "../errors.ts";

/** A content digest of the OCI image specification: `sha256:<64 hex>` or `sha512:<128 hex>`, lower case. */
export type Digest = string & { readonly __brand: "Digest" };

export type DigestAlgorithm = "sha256" | "sha512";

const GRAMMAR = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return GRAMMAR.test(text);
}

/** Returns `text` as a digest. Throws `unsupported` for another algorithm, `malformed` for anything else. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const algorithm = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):/.exec(text)?.[1];
  if (algorithm !== undefined && algorithm !== "sha256" && algorithm !== "sha512") {
    throw new VoucherError(
      "unsupported",
      `digest algorithm ${quote(algorithm)} is not supported; use sha256 or sha512`,
    );
  }
  throw new VoucherError(
    "malformed",
    `${quote(text)} is no digest; a digest looks like sha256:<64 hex digits>`,
  );
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The hexadecimal part, without the algorithm. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Returns the digest of `bytes`. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** Whether `bytes` are the content that `digest` names. */
export function names(digest: Digest, bytes: Uint8Array): boolean {
  return digestOf(bytes, algorithmOf(digest)) === digest;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
