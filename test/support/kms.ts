import { crc32c } from "@aws-crypto/crc32c";
import { parseEndpoint } from "../../lib/google/endpoint.ts";
import { type Answer, json, type LocalRequest, listen, Refusal } from "../../lib/local/server.ts";
import type { KeyedSigner } from "../../lib/sign/keyed-signer.ts";
import { createKmsSigner, type KmsSignerOptions } from "../../lib/sign/kms.ts";
import { restTo } from "../google/scripted.ts";
import { hashOf, type Pair, pairFor, signDigest } from "./kms-keys.ts";

/** A key version of the fake, and what it is. */
export interface FakeVersion {
  readonly path: string;
  readonly algorithm: string;
  readonly pair: Pair;
  state: "ENABLED" | "DISABLED" | "DESTROYED";
  /** Whether whoever asks may not sign with it. */
  denied: boolean;
}

type Json = { readonly [name: string]: unknown };

/** What becomes of one request: another answer, a broken connection, or the genuine answer with something else in it. */
export type KmsFault = Answer | "drop" | ((genuine: Json) => unknown);

export interface FakeKms {
  readonly url: string;
  readonly requests: readonly LocalRequest[];
  /** The genuine answers that were no refusal, in order. */
  readonly answers: readonly unknown[];
  /** How many requests of a kind were made. */
  count(kind: "publicKey" | "asymmetricSign"): number;
  /** Adds a key version with a new key, unless `pair` is one. */
  add(path: string, algorithm: string, pair?: Pair): FakeVersion;
  /** Lets the next requests of a kind meet these faults, one each. */
  spoil(kind: "publicKey" | "asymmetricSign", ...faults: readonly KmsFault[]): void;
  close(): Promise<void>;
}

/** The resource name of version 1 of the key `key`. */
export function kmsPath(key: string): string {
  return `projects/p/locations/global/keyRings/voucher/cryptoKeys/${key}/cryptoKeyVersions/1`;
}

/** A signer on `kms` that hardly waits between tries, with a key for each check, which is called as its check. */
export function signerOn(
  kms: FakeKms,
  checks: readonly string[],
  options: Partial<KmsSignerOptions> = {},
): KeyedSigner {
  const rest = restTo(parseEndpoint(kms.url, "kms.endpoint"));
  const keys = checks.map((check) => ({ check, path: kmsPath(check) }));
  return createKmsSigner({ keys, rest, backOff: 5, ...options });
}

/** Cloud KMS's public keys and asymmetric signing, as its REST API answers, with real keys. */
export async function startKms(): Promise<FakeKms> {
  const versions = new Map<string, FakeVersion>();
  const requests: LocalRequest[] = [];
  const answers: unknown[] = [];
  const faults = { publicKey: [] as KmsFault[], asymmetricSign: [] as KmsFault[] };
  const kindOf = ({ path }: LocalRequest) =>
    path.endsWith("/publicKey") ? ("publicKey" as const) : ("asymmetricSign" as const);

  function answer(request: LocalRequest): Answer {
    const [, path = ""] = /^\/v1\/(.*?)(?:\/publicKey|:asymmetricSign)$/.exec(request.path) ?? [];
    const version = versions.get(path);
    if (version === undefined) throw new Refusal(404, `CryptoKeyVersion ${path} not found.`, "NOT_FOUND");
    if (version.state !== "ENABLED") {
      const message = `${path} is not enabled, current state is: ${version.state}.`;
      throw new Refusal(400, message, "FAILED_PRECONDITION");
    }
    if (version.denied && kindOf(request) === "asymmetricSign") {
      const message = `Permission 'cloudkms.cryptoKeyVersions.useToSign' denied on resource '${path}' (or it may not exist).`;
      throw new Refusal(403, message, "PERMISSION_DENIED");
    }
    const genuine = kindOf(request) === "publicKey" ? publicKey(version) : sign(version, request);
    answers.push(genuine);
    const fault = faults[kindOf(request)].shift();
    return json(200, typeof fault === "function" ? fault(genuine) : genuine);
  }

  const server = await listen(
    {
      kindOf,
      answer,
      refuse: ({ status, message, code }) => json(status, { error: { code: status, message, status: code } }),
    },
    {
      before(request) {
        requests.push(request);
        const [fault] = faults[kindOf(request)];
        if (fault === undefined || typeof fault === "function") return undefined;
        faults[kindOf(request)].shift();
        return fault;
      },
    },
  );
  return {
    url: server.url,
    requests,
    answers,
    count: (kind) => requests.filter((request) => kindOf(request) === kind).length,
    add(path, algorithm, pair = pairFor(algorithm)) {
      const version: FakeVersion = { path, algorithm, pair, state: "ENABLED", denied: false };
      versions.set(path, version);
      return version;
    },
    spoil: (kind, ...added) => void faults[kind].push(...added),
    close: () => server.close(),
  };
}

function publicKey({ path, algorithm, pair }: FakeVersion): Json {
  if (/^(GOOGLE_SYMMETRIC|AES|HMAC|ML_|PQ_)/.test(algorithm)) {
    throw new Refusal(400, `the algorithm of ${path} has no public key in PEM format.`, "INVALID_ARGUMENT");
  }
  const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    pem,
    algorithm,
    pemCrc32c: String(crc32c(Buffer.from(pem))),
    name: path,
    protectionLevel: "SOFTWARE",
    publicKeyFormat: "PEM",
  };
}

/** What an AsymmetricSignRequest may hold. */
interface SignRequest {
  readonly digest?: { readonly [hash: string]: string };
  readonly digestCrc32c?: string;
}

function sign(version: FakeVersion, { body }: LocalRequest): Json {
  const { path, algorithm, pair } = version;
  if (!algorithm.includes("_SIGN_")) {
    throw new Refusal(400, `${path} is not a key for asymmetric signing.`, "INVALID_ARGUMENT");
  }
  const request = JSON.parse(body.toString()) as SignRequest;
  const digest = Buffer.from(request.digest?.[hashOf(algorithm)] ?? "", "base64");
  if (digest.length * 8 !== Number(hashOf(algorithm).slice(3))) {
    throw new Refusal(400, `the digest is not one for ${algorithm}.`, "INVALID_ARGUMENT");
  }
  if (request.digestCrc32c !== undefined && request.digestCrc32c !== String(crc32c(digest))) {
    const message = "The checksum in field digest_crc32c did not match the data in field digest.";
    throw new Refusal(400, message, "INVALID_ARGUMENT");
  }
  const signature = signDigest(algorithm, pair, digest);
  return {
    signature: signature.toString("base64"),
    signatureCrc32c: String(crc32c(signature)),
    // ProtoJSON leaves out what is false.
    ...(request.digestCrc32c === undefined ? {} : { verifiedDigestCrc32c: true }),
    name: path,
    protectionLevel: "SOFTWARE",
  };
}
