import { beforeEach, describe, expect, it } from "vitest";
import type { LocalRequest } from "../../lib/local/server.ts";
import { refusal } from "../google/scripted.ts";
import { type FakeKms, kmsPath, signerOn, startKms } from "../support/kms.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const ONE_OF_EACH_HASH = [
  "EC_SIGN_P256_SHA256",
  "EC_SIGN_P384_SHA384",
  "RSA_SIGN_PSS_4096_SHA512",
  "RSA_SIGN_PKCS1_2048_SHA256",
];

let kms: FakeKms;
beforeEach(async () => {
  kms = await startKms();
  return () => kms.close();
});

/** A request as the message that Google's gateway makes of it: the name in its path is a field of it, and so is the body. */
function messageOf({ method, path, body }: LocalRequest): readonly [type: string, message: unknown] {
  const name = path.replace(/^\/v1\/|\/publicKey$|:asymmetricSign$/g, "");
  return method === "GET"
    ? ["google.cloud.kms.v1.GetPublicKeyRequest", { name }]
    : ["google.cloud.kms.v1.AsymmetricSignRequest", { name, ...Object(JSON.parse(String(body))) }];
}

describe("what is sent to Cloud KMS, and what the fake of the tests answers, is valid by Google's own .proto files", () => {
  it.each(ONE_OF_EACH_HASH)("when a public key is read and a payload is signed by %s", async (algorithm) => {
    kms.add(kmsPath("diy"), algorithm);
    await signerOn(kms, ["diy"]).sign("diy", BYTES, signal);

    const messages = kms.requests.map(messageOf);
    expect(messages.map(([type]) => type.split(".").at(-1))).toEqual([
      "GetPublicKeyRequest",
      "AsymmetricSignRequest",
    ]);
    expect(messages.flatMap((message) => protoJsonErrors(...message))).toEqual([]);
    const [publicKey, signed] = kms.answers;
    expect(protoJsonErrors("google.cloud.kms.v1.PublicKey", publicKey)).toEqual([]);
    expect(protoJsonErrors("google.cloud.kms.v1.AsymmetricSignResponse", signed)).toEqual([]);
  });

  it("when a call is repeated", async () => {
    kms.add(kmsPath("diy"), "EC_SIGN_P256_SHA256");
    kms.spoil("publicKey", refusal(503, "UNAVAILABLE"));
    kms.spoil("asymmetricSign", "drop", (genuine) => ({ ...genuine, signatureCrc32c: "1" }));
    await signerOn(kms, ["diy"]).sign("diy", BYTES, signal);
    expect(kms.requests).toHaveLength(5);
    expect(kms.requests.flatMap((request) => protoJsonErrors(...messageOf(request)))).toEqual([]);
  });
});

describe("the check against Cloud KMS's .proto files", () => {
  it.each([
    ["a CRC that is a number", { digestCrc32c: 1 }, "digestCrc32c is no google.protobuf.Int64Value"],
    [
      "two digests",
      { digest: { sha256: "", sha512: "" } },
      "digest has sha256 and sha512, of which only one may be there",
    ],
    ["URL-safe base64", { digest: { sha384: "-_-_" } }, "digest.sha384 is no bytes"],
    ["a field of another name", { digest: { sha224: "" } }, "digest.sha224 is no field of Digest"],
  ])("finds %s", (_what, json, fault) => {
    expect(protoJsonErrors("google.cloud.kms.v1.AsymmetricSignRequest", json)).toEqual([
      `google.cloud.kms.v1.AsymmetricSignRequest.${fault}`,
    ]);
  });

  it("finds an algorithm that there is not", () => {
    expect(protoJsonErrors("google.cloud.kms.v1.PublicKey", { algorithm: "EC_SIGN_P521_SHA512" })).toEqual([
      "google.cloud.kms.v1.PublicKey.algorithm is no name of CryptoKeyVersionAlgorithm",
    ]);
  });
});
