import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { GoogleError, type Purpose } from "../google/google-error.ts";
import type { Call, Rest } from "../google/rest.ts";
import { retry } from "../retry.ts";
import type { Scheme } from "./scheme.ts";

/**
 * The two calls of Cloud KMS that are used. What they return has arrived as it was sent: checksums and names are compared.
 * They throw `key` where the key version is missing, disabled, destroyed or of another purpose, else as {@link Rest} does.
 */
export interface KmsClient {
  publicKey(
    version: string,
    signal: AbortSignal,
  ): Promise<{ readonly algorithm: string; readonly pem: string }>;
  /** Returns the signature over `digest`, which is one by `hash`. */
  sign(version: string, hash: Scheme["hash"], digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

export interface KmsClientOptions {
  readonly rest: Rest;
  /** The longest first back-off between tries, in milliseconds. */
  readonly backOff?: number;
}

// A 64-bit integer is text in ProtoJSON; its readers take numbers too. An absent checksum is a wrong one.
const ChecksumSchema = z.union([z.string(), z.number()]);
const PublicKeySchema = z.object({
  name: z.string(),
  algorithm: z.string(),
  pem: z.string(),
  pemCrc32c: ChecksumSchema,
});
const SignedSchema = z.object({
  name: z.string(),
  signature: z.string(),
  signatureCrc32c: ChecksumSchema,
  verifiedDigestCrc32c: z._default(z.boolean(), false), // ProtoJSON leaves out what is false
});

export function createKmsClient({ rest, backOff = 500 }: KmsClientOptions): KmsClient {
  /** An answer that is not what was asked for is asked for again, like one that never came. */
  function call<T>(
    request: Omit<Call, "repeat">,
    read: (answer: unknown) => Promise<T> | T,
    signal: AbortSignal,
  ): Promise<T> {
    const once = async () => {
      const answer = await rest.call({ ...request, repeat: "never" }, signal).catch((fault: unknown) => {
        throw ofKey(fault);
      });
      return read(answer);
    };
    return retry(once, { signal, unit: backOff });
  }

  return {
    publicKey(version, signal) {
      const purpose = purposeOf("read the public key of", version, "viewPublicKey");
      const read = async (answer: unknown) => {
        const { name, algorithm, pem, pemCrc32c } = parse(PublicKeySchema, answer, purpose);
        if (name !== version) throw unlike(purpose, "spoke of another key");
        if (String(pemCrc32c) !== (await checksum(Buffer.from(pem)))) throw unlike(purpose, DAMAGED);
        return { algorithm, pem };
      };
      return call({ purpose, method: "GET", path: `/v1/${version}/publicKey` }, read, signal);
    },

    async sign(version, hash, digest, signal) {
      const purpose = purposeOf("sign with", version, "useToSign");
      const body = {
        digest: { [hash]: Buffer.from(digest).toString("base64") },
        digestCrc32c: await checksum(digest),
      };
      const read = async (answer: unknown) => {
        const { name, signature, signatureCrc32c, verifiedDigestCrc32c } = parse(
          SignedSchema,
          answer,
          purpose,
        );
        const bytes = Buffer.from(signature, "base64");
        if (name !== version) throw unlike(purpose, "used another key");
        if (!verifiedDigestCrc32c) throw unlike(purpose, "did not compare the checksum of what it signed");
        if (String(signatureCrc32c) !== (await checksum(bytes))) throw unlike(purpose, DAMAGED);
        return bytes;
      };
      const path = `/v1/${version}:asymmetricSign`;
      return call({ purpose, method: "POST", path, body }, read, signal);
    },
  };
}

const DAMAGED = "its answer arrived damaged (wrong CRC32C)";

/** CRC32C, decimal, as a 64-bit integer is written in JSON. */
async function checksum(bytes: Uint8Array): Promise<string> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const { crc32c } = (await import("@aws-crypto/crc32c")).default;
  return String(crc32c(bytes));
}

function purposeOf(action: string, version: string, permission: string): Purpose {
  const key = version.replace(/\/cryptoKeyVersions\/\d+$/, "");
  return {
    api: "Cloud KMS",
    action: `${action} ${version}`,
    permission: `cloudkms.cryptoKeyVersions.${permission} on ${key}`,
  };
}

function parse<T>(schema: z.ZodMiniType<T>, answer: unknown, purpose: Purpose): T {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw unlike(purpose, "answered something else");
  return parsed.data;
}

function unlike({ api, action }: Purpose, what: string): VoucherError {
  return new VoucherError("unavailable", `${api} was to ${action}, and ${what}`, { retryable: true });
}

/**
 * Says of a refusal that the fault is the key's: that no such version exists, or that its state or purpose forbids this.
 * The one request that Cloud KMS refuses and yet wants to see again is one whose checksum it found wrong.
 */
function ofKey(fault: unknown): unknown {
  if (!(fault instanceof GoogleError) || ![400, 404].includes(fault.httpStatus)) return fault;
  if (/crc32c|checksum/i.test(fault.message))
    return new VoucherError("unavailable", fault.message, { retryable: true, cause: fault });
  const advice =
    fault.httpStatus === 404
      ? "check its path in [[kms_keys]]"
      : "its key version must be enabled, and its key of the purpose asymmetric signing";
  return new VoucherError("key", `${fault.message}; ${advice}`, { cause: fault });
}
