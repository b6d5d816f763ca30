import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { envelopeJson, preAuthEncoding, readEnvelope } from "../../lib/attest/dsse.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const base64 = fc.uint8Array({ maxLength: 64 });

describe("the pre-authentication encoding", () => {
  it("is that of the specification's own example", () => {
    const encoded = preAuthEncoding("http://example.com/HelloWorld", bytes("hello world"));
    expect(Buffer.from(encoded).toString()).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  it("counts bytes, not characters", () => {
    expect(Buffer.from(preAuthEncoding("ü", bytes("🙂"))).toString()).toBe("DSSEv1 2 ü 4 🙂");
  });

  it("is another one for every other type and payload", () => {
    const pair = fc.tuple(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(pair, pair, ([type, body], [otherType, otherBody]) => {
        fc.pre(type !== otherType || body !== otherBody);
        const one = Buffer.from(preAuthEncoding(type, bytes(body)));
        expect(one.equals(preAuthEncoding(otherType, bytes(otherBody)))).toBe(false);
      }),
    );
  });
});

describe("an envelope", () => {
  it("reads back as what was written, in standard and in URL-safe base64, padded or not", () => {
    fc.assert(
      fc.property(base64, base64, fc.string({ maxLength: 8 }), (payload, signature, keyId) => {
        const document = envelopeJson({
          payloadType: "t",
          payload,
          signatures: [{ keyId, bytes: signature }],
        });
        const urlSafe = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
        const other = {
          ...document,
          payload: urlSafe(document.payload),
          signatures: document.signatures.map(({ sig, ...rest }) => ({ ...rest, sig: urlSafe(sig) })),
        };
        for (const form of [document, other]) {
          const read = readEnvelope(JSON.parse(JSON.stringify(form)));
          expect(Buffer.from(read?.payload ?? []).equals(payload)).toBe(true);
          expect(
            read?.signatures.map((one) => [one.keyId, Buffer.from(one.bytes).equals(signature)]),
          ).toEqual([[keyId, true]]);
        }
      }),
    );
  });

  it.each([undefined, null, ""])("names no key where its keyid is %j", (keyid) => {
    const read = readEnvelope({ payloadType: "t", payload: "", signatures: [{ keyid, sig: "AA==" }] });
    expect(read?.signatures[0]?.keyId).toBe("");
  });

  it.each([
    ["nothing", undefined],
    ["text", "text"],
    ["no payload", { payloadType: "t", signatures: [] }],
    ["a payload that is no base64", { payloadType: "t", payload: "?", signatures: [] }],
    ["a signature that is no base64", { payloadType: "t", payload: "", signatures: [{ sig: "a b" }] }],
    ["a signature that is none", { payloadType: "t", payload: "", signatures: [{}] }],
  ])("is none: %s", (_, document) => {
    expect(readEnvelope(document)).toBeUndefined();
  });
});
