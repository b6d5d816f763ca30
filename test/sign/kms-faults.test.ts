import { crc32c } from "@aws-crypto/crc32c";
import { beforeEach, describe, expect, it } from "vitest";
import { json } from "../../lib/local/server.ts";
import { refusal } from "../google/scripted.ts";
import { type FakeKms, type KmsFault, kmsPath, signerOn, startKms } from "../support/kms.ts";

const BYTES = Buffer.from("the payload");
const PATH = kmsPath("diy");
const signal = new AbortController().signal;

let kms: FakeKms;
beforeEach(async () => {
  kms = await startKms();
  kms.add(PATH, "EC_SIGN_P256_SHA256");
  return () => kms.close();
});

const signer = () => signerOn(kms, ["diy"]);

const without =
  (...names: readonly string[]): KmsFault =>
  (genuine) =>
    Object.fromEntries(Object.entries(genuine).filter(([name]) => !names.includes(name)));
const withOther =
  (changed: { readonly [name: string]: unknown }): KmsFault =>
  (genuine) => ({ ...genuine, ...changed });

/** Every way in which Cloud KMS, or the connection to it, may fail for a while. */
const PASSING: readonly (readonly [string, KmsFault])[] = [
  ["429", refusal(429, "RESOURCE_EXHAUSTED")],
  ["500", refusal(500, "INTERNAL")],
  ["503", refusal(503, "UNAVAILABLE")],
  ["a reset", "drop"],
  ["half an answer", { status: 200, body: '{"signature":"MEU' }],
  ["a broken connection", { ...json(200, { signature: "x".repeat(1000) }), cut: true }],
  ["another document", json(200, { hello: 1 })],
  ["an empty document", json(200, {})],
  ["another key's name", withOther({ name: kmsPath("nobody") })],
  ["no name", without("name")],
];
const OF_PUBLIC_KEY: typeof PASSING = [
  ...PASSING,
  ["a wrong CRC", withOther({ pemCrc32c: "1" })],
  ["no CRC", without("pemCrc32c")],
  ["another public key than its CRC is of", withOther({ pem: "-----BEGIN PUBLIC KEY-----" })],
  ["no algorithm", without("algorithm")],
];
const OF_SIGNATURE: typeof PASSING = [
  ...PASSING,
  ["a wrong CRC", withOther({ signatureCrc32c: "1" })],
  ["no CRC", without("signatureCrc32c")],
  ["another signature than its CRC is of", withOther({ signature: "AAAA" })],
  ["a digest whose CRC was not compared", without("verifiedDigestCrc32c")],
  [
    "a digest that arrived damaged",
    refusal(
      400,
      "INVALID_ARGUMENT",
      "The checksum in field digest_crc32c did not match the data in field digest.",
    ),
  ],
];

describe("a public key is read again", () => {
  it.each(OF_PUBLIC_KEY)("after %s", async (_, fault) => {
    kms.spoil("publicKey", fault, fault);
    const { keyId } = await signer().sign("diy", BYTES, signal);
    expect(keyId).toContain(PATH);
    expect(kms.count("publicKey")).toBe(3);
  });

  it.each(OF_PUBLIC_KEY)(
    "four times at most, and is then asked for anew by the next signature: %s",
    async (_, fault) => {
      kms.spoil("publicKey", fault, fault, fault, fault);
      const signing = signer();
      await expect(signing.sign("diy", BYTES, signal)).rejects.toMatchObject({ retryable: true });
      expect([kms.count("publicKey"), kms.count("asymmetricSign")]).toEqual([4, 0]);
      await expect(signing.sign("diy", BYTES, signal)).resolves.toHaveProperty("keyId");
    },
  );
});

describe("a signature is asked for again", () => {
  it.each(OF_SIGNATURE)("after %s", async (_, fault) => {
    kms.spoil("asymmetricSign", fault, fault);
    const signing = signer();
    const { bytes } = await signing.sign("diy", BYTES, signal);
    expect(await (await signing.publicKeys()).get("diy")?.verifies(BYTES, bytes)).toBe(true);
    expect([kms.count("publicKey"), kms.count("asymmetricSign")]).toEqual([1, 3]);
  });

  it.each(OF_SIGNATURE)("four times at most, and none is given out: %s", async (_, fault) => {
    kms.spoil("asymmetricSign", fault, fault, fault, fault);
    await expect(signer().sign("diy", BYTES, signal)).rejects.toMatchObject({ retryable: true });
    expect(kms.count("asymmetricSign")).toBe(4);
  });

  it("as late as the server asks", async () => {
    kms.spoil("asymmetricSign", { ...refusal(429), headers: { "retry-after": "1" } });
    const began = performance.now();
    await signer().sign("diy", BYTES, signal);
    expect(performance.now() - began).toBeGreaterThan(950);
  });
});

describe("a signature that does not verify", () => {
  it("is not given out, even where its checksum and name are right", async () => {
    const forged = Buffer.from("30060201010201ff", "hex");
    kms.spoil(
      "asymmetricSign",
      withOther({ signature: forged.toString("base64"), signatureCrc32c: String(crc32c(forged)) }),
    );
    await expect(signer().sign("diy", BYTES, signal)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      message: `Cloud KMS signed with ${PATH}, and its public key does not verify what it signed`,
    });
  });
});

describe("a caller that gives up", () => {
  it("is let go at once, and those that wait for the same key get it", async () => {
    kms.spoil("publicKey", { ...refusal(503), headers: { "retry-after": "1" } });
    const signing = signer();
    const controller = new AbortController();
    const leaving = signing.sign("diy", BYTES, controller.signal);
    const staying = signing.sign("diy", BYTES, signal);
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: "cancelled" });
    await expect(staying).resolves.toHaveProperty("keyId");
    expect([kms.count("publicKey"), kms.count("asymmetricSign")]).toEqual([2, 1]);
  });
});
