import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bundleFromJSON, isBundleWithDsseEnvelope, isBundleWithPublicKey } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { describe, expect, it } from "vitest";
import { BUNDLE_V0_3, bundleBytes, readBundle } from "../../lib/attest/bundle.ts";
import { preAuthEncoding } from "../../lib/attest/dsse.ts";
import { keyHint } from "../../lib/sign/public-key.ts";

const TYPE = "application/vnd.in-toto+json";
const PAYLOAD = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const HINT = keyHint(publicKey.export({ type: "spki", format: "pem" }).toString());

const signature = sign("sha256", preAuthEncoding(TYPE, PAYLOAD), privateKey);
const envelope = { payloadType: TYPE, payload: PAYLOAD, signatures: [{ keyId: "", bytes: signature }] };
const BUNDLE = bundleBytes({ envelope, keyHint: HINT });
const document = () => JSON.parse(Buffer.from(BUNDLE).toString());
const read = (changed: unknown) => readBundle(Buffer.from(JSON.stringify(changed)));

/** Verifies as Sigstore's own library does, with this key and nothing of a transparency log. */
function verify(bytes: Uint8Array, key: KeyObject): void {
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
  const trust = toTrustMaterial(
    { mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
    (hint) => {
      expect(hint).toBe(HINT);
      return { publicKey: key, validFor: () => true };
    },
  );
  const none = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  new Verifier(trust, none).verify(toSignedEntity(bundle));
}

describe("a bundle", () => {
  it("is one for Sigstore's own library, of the latest version, with a key", () => {
    const bundle = bundleFromJSON(document());
    expect(bundle.mediaType).toBe(BUNDLE_V0_3);
    expect(isBundleWithDsseEnvelope(bundle)).toBe(true);
    expect(isBundleWithPublicKey(bundle)).toBe(true);
  });

  it("verifies there with the public key, and with no other", () => {
    verify(BUNDLE, publicKey);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    expect(() => verify(BUNDLE, other)).toThrow();
  });

  it("does not verify there once its payload is changed", () => {
    const changed = bundleBytes({
      keyHint: HINT,
      envelope: { ...envelope, payload: Buffer.from("{}") },
    });
    expect(() => verify(changed, publicKey)).toThrow();
  });

  it("reads back", () => {
    const bundle = readBundle(BUNDLE);
    expect(bundle).toMatchObject({ keyHint: HINT, envelope: { payloadType: TYPE } });
    expect(Buffer.from(bundle?.envelope.payload ?? []).equals(PAYLOAD)).toBe(true);
  });

  it("is read with a certificate and a log, too: whoever verifies with a key looks past them", () => {
    const material = { certificate: { rawBytes: "AA==" }, tlogEntries: [{ logIndex: "1" }] };
    expect(read({ ...document(), verificationMaterial: material })).not.toHaveProperty("keyHint");
  });

  it.each([
    ["another version", { mediaType: "application/vnd.dev.sigstore.bundle.v0.4+json" }],
    [
      "two signatures",
      { dsseEnvelope: { ...document().dsseEnvelope, signatures: Array(2).fill({ sig: "" }) } },
    ],
    ["no signature", { dsseEnvelope: { ...document().dsseEnvelope, signatures: [] } }],
    ["a message signature", { dsseEnvelope: undefined, messageSignature: {} }],
    ["no material", { verificationMaterial: undefined }],
  ])("is none: %s", (_, change) => {
    expect(read({ ...document(), ...change })).toBeUndefined();
  });

  it("is none in bytes that are no JSON, or that are JSON to some readers alone", () => {
    expect(readBundle(Buffer.from("{"))).toBeUndefined();
    const twice = Buffer.from(BUNDLE)
      .toString()
      .replace('"dsseEnvelope"', '"dsseEnvelope":{},"dsseEnvelope"');
    expect(readBundle(Buffer.from(twice))).toBeUndefined();
  });
});
