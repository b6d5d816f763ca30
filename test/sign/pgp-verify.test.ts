import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import {
  armor,
  createCleartextMessage,
  createMessage,
  encrypt,
  enums,
  readPrivateKey,
  sign,
  unarmor,
} from "openpgp";
import { describe, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { parseCanonical } from "../../lib/image/reference.ts";
import { parsePgpPublicKey } from "../../lib/sign/pgp-public-key.ts";
import { limit, makePgpKey, type PgpPair, revoke, signedMessage } from "./pgp-keys.ts";

const BYTES = Buffer.from('{"critical":"payload"}\n');
const MINUTE = 60_000;
const pair = await makePgpKey();
const stranger = await makePgpKey();

const verifies = async (signature: Uint8Array, by: PgpPair = pair, bytes: Uint8Array = BYTES) =>
  (await parsePgpPublicKey(by.publicKey, "key.asc")).verifies(bytes, signature);
/** An armored message of packets that were put together by hand. */
const armored = (...packets: readonly Uint8Array[]) =>
  Buffer.from(armor(enums.armor.message, Buffer.concat(packets)));

/** A packet in the new format (RFC 9580, section 4.2.1), its length in five octets. */
function packet(tag: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt8(0xc0 | tag);
  header.writeUInt8(0xff, 1);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

describe("a signed message", () => {
  it("verifies where it contains the very bytes and the key signed it", async () => {
    expect(await verifies(await signedMessage(BYTES, [pair]))).toBe(true);
  });

  it("verifies in the armor that Voucher gave it, which says PGP SIGNATURE", async () => {
    const message = (await signedMessage(BYTES, [pair])).toString();
    for (const text of [message, message.replaceAll("\n", "\r\n")]) {
      const signature = Buffer.from(text.replaceAll("PGP MESSAGE", "PGP SIGNATURE"));
      expect(await verifies(signature)).toBe(true);
      expect(await verifies(signature, stranger)).toBe(false);
    }
  });

  it("verifies under each key of those that signed it, and under no other", async () => {
    const signature = await signedMessage(BYTES, [pair, stranger]);
    expect(await verifies(signature)).toBe(true);
    expect(await verifies(signature, stranger)).toBe(true);
    expect(await verifies(signature, await makePgpKey())).toBe(false);
  });

  it.each([
    ["other bytes", Buffer.from("other")],
    ["the bytes and a line's end", Buffer.concat([BYTES, Buffer.of(10)])],
    ["the bytes with another line's end", Buffer.from(String(BYTES).replace("\n", "\r\n"))],
    ["nothing", Buffer.alloc(0)],
  ])("does not verify where it contains %s", async (_, content) => {
    expect(await verifies(await signedMessage(content, [pair]))).toBe(false);
  });

  it("does not verify where another key signed it", async () => {
    expect(await verifies(await signedMessage(BYTES, [stranger]))).toBe(false);
  });

  it("does not verify as from the future, but may be from a clock that is a little ahead", async () => {
    const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE);
    expect(await verifies(await signedMessage(BYTES, [pair], { date: at(1) }))).toBe(true);
    expect(await verifies(await signedMessage(BYTES, [pair], { date: at(10) }))).toBe(false);
  });
});

describe("an attestation of Voucher's own", () => {
  // Made by the library and the settings that Voucher signs with (golang.org/x/crypto/openpgp), with a key of gpg's.
  const read = (name: string) => readFileSync(new URL(`voucher-made/${name}`, import.meta.url));
  const image = parseCanonical(
    "gcr.io/path/to/image@sha256:cb749360c5198a55859a7f335de3cf4e2f64b60886a2098684a2f9c7ffca81f2",
  );

  it("goes on verifying, under the key id that Voucher wrote", async () => {
    const key = await parsePgpPublicKey(read("public-key.asc").toString(), "public-key.asc");
    expect(key.id).toBe("6D1F8DBD0B03349D8B76F940FE183E0F8475713D");
    expect(await key.verifies(binauthzPayload(image), read("signature.asc"))).toBe(true);
    expect(await key.verifies(BYTES, read("signature.asc"))).toBe(false);
  });
});

describe("a key that is no longer what it was", () => {
  const THEN = new Date("2020-01-01T00:00:00Z");
  const later = (days: number) => new Date(THEN.getTime() + days * 24 * 60 * MINUTE);

  it("vouches for what it signed before it expired, and for nothing that came later", async () => {
    const old = await makePgpKey({ date: THEN });
    const expired = await limit(old, THEN, 24 * 3600);
    const before = await signedMessage(BYTES, [old], { date: later(0.5) });
    const after = await signedMessage(BYTES, [old], { date: later(2) });
    expect([await verifies(before, expired), await verifies(after, expired)]).toEqual([true, false]);
  });

  it("vouches for nothing once it is revoked as compromised", async () => {
    const signature = await signedMessage(BYTES, [pair]);
    expect(await verifies(signature, await revoke(pair))).toBe(false);
  });

  it("vouches for what it signed before it was superseded", async () => {
    const old = await makePgpKey({ date: THEN });
    const before = await signedMessage(BYTES, [old], { date: later(1) });
    expect(await verifies(before, await revoke(old, "keySuperseded"))).toBe(true);
  });
});

describe("what is no signed message", () => {
  const literal = packet(11, Buffer.concat([Buffer.from("b\0\0\0\0\0"), BYTES]));

  it.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ["nothing", () => Buffer.alloc(0)],
    ["text", () => Buffer.from("hello")],
    ["an ECDSA signature", () => Buffer.from("3006020101020101", "hex")],
    ["bytes that are no UTF-8", () => Buffer.from([0x2d, 0xff, 0xfe])],
    [
      "armor without content",
      () => Buffer.from("-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n"),
    ],
    ["a message without a signature", () => armored(literal)],
    ["a detached signature", () => signedMessage(BYTES, [pair], { detached: true })],
    ["the bytes alone", () => BYTES],
    ["a public key", () => Buffer.from(pair.publicKey)],
    [
      "a signed text in the clear",
      async () => {
        const signingKeys = await readPrivateKey({ armoredKey: pair.privateKey });
        const message = await createCleartextMessage({ text: String(BYTES) });
        return Buffer.from(await sign({ message, signingKeys }));
      },
    ],
    [
      "an encrypted message",
      async () => {
        const message = await createMessage({ binary: BYTES });
        const text: string = await encrypt({ message, passwords: "x", format: "armored" });
        return Buffer.from(text);
      },
    ],
  ])("does not verify: %s", async (_, make) => {
    expect(await verifies(await make())).toBe(false);
  });

  it("does not verify where it unpacks to more than any payload has, though it be signed", async () => {
    const packed = async (content: Uint8Array) => {
      const { data } = await unarmor((await signedMessage(content, [pair])).toString());
      const packets: Uint8Array = data;
      return armored(packet(8, Buffer.concat([Buffer.of(2), deflateSync(packets, { level: 9 })])));
    };
    const zeros = Buffer.alloc(1024 * 1024);
    expect((await packed(zeros)).length).toBeLessThan(10_000);
    expect(await verifies(await packed(zeros), pair, zeros)).toBe(false);
    expect(await verifies(await packed(BYTES))).toBe(true);
  });

  it("does not verify where it is larger than any signature", async () => {
    const signature = await signedMessage(BYTES, [pair]);
    expect(await verifies(Buffer.concat([signature, Buffer.alloc(256 * 1024, "\n")]))).toBe(false);
  });

  it("never throws, whatever it is", async () => {
    const key = await parsePgpPublicKey(pair.publicKey, "key.asc");
    const good = await signedMessage(BYTES, [pair]);
    const damaged = fc
      .tuple(fc.nat(good.length - 40), fc.nat(good.length), fc.uint8Array({ maxLength: 20 }))
      .map(([from, skip, put]) =>
        Buffer.concat([good.subarray(0, from), put, good.subarray(Math.min(good.length, from + skip + 1))]),
      );
    const packets = fc
      .array(fc.tuple(fc.constantFrom(1, 2, 4, 8, 9, 11, 18, 20), fc.uint8Array({ maxLength: 40 })), {
        maxLength: 4,
      })
      .map((all) => armored(...all.map(([tag, body]) => packet(tag, body))));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, packets, fc.uint8Array()), async (signature) => {
        expect(await key.verifies(Buffer.from("never signed"), signature)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an armored OpenPGP key that is trusted", () => {
  it("is known by its fingerprint, or by the id that it is given", async () => {
    expect((await parsePgpPublicKey(pair.publicKey, "key.asc")).id).toBe(pair.keyId);
    expect((await parsePgpPublicKey(pair.publicKey, "key.asc", "0xABC")).id).toBe("0xABC");
  });

  it("may be the private one, of which the public half is taken and printed", async () => {
    const key = await parsePgpPublicKey(pair.privateKey, "key.asc");
    expect(key.id).toBe(pair.keyId);
    expect(await key.text()).toBe(pair.publicKey);
    expect(await key.verifies(BYTES, await signedMessage(BYTES, [pair]))).toBe(true);
  });

  it.each([
    [
      "is cut off",
      pair.publicKey.slice(0, 200),
      /^key\.asc holds no OpenPGP key that can be read; write one with: gpg/,
    ],
    ["is not alone", pair.publicKey + stranger.publicKey, /^key\.asc holds several OpenPGP keys/],
  ])("is refused where it %s", async (_, text, message) => {
    await expect(parsePgpPublicKey(text, "key.asc")).rejects.toMatchObject({
      code: "key",
      message: expect.stringMatching(message),
    });
  });
});
