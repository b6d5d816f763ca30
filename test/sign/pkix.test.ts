import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPkixSigner } from "../../lib/sign/pkix.ts";
import { pkixKeyId } from "../../lib/sign/public-key.ts";
import { signerOf } from "../support/test-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") =>
  key.export({ type, format: "pem" }).toString();
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "voucher-pkix-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("a PKIX signer", () => {
  it.each<[string, () => { publicKey: KeyObject; privateKey: KeyObject }]>([
    ["EC P-256", () => p256],
    ["EC P-384", () => generateKeyPairSync("ec", { namedCurve: "secp384r1" })],
    ["EC P-521", () => generateKeyPairSync("ec", { namedCurve: "secp521r1" })],
    ["RSA 2048", () => rsa],
    ["RSA 3072", () => generateKeyPairSync("rsa", { modulusLength: 3072 })],
    ["RSA 4096", () => generateKeyPairSync("rsa", { modulusLength: 4096 })],
    ["RSA for PSS", () => generateKeyPairSync("rsa-pss", { modulusLength: 2048 })],
    [
      "RSA 4096 for PSS with SHA-512",
      () => generateKeyPairSync("rsa-pss", { modulusLength: 4096, hashAlgorithm: "sha512" }),
    ],
  ])("signs with %s, and names the key by its id", async (_, make) => {
    const pair = make();
    const signer = await signerOf([["nobody", pem(pair.privateKey)]]);
    const signature = await signer.sign("nobody", BYTES, signal);
    const key = (await signer.publicKeys()).get("nobody");
    expect(signature.keyId).toBe(pkixKeyId(pair.publicKey));
    expect(key?.id).toBe(signature.keyId);
    expect(key?.verifies(BYTES, signature.bytes)).toBe(true);
  });

  it("gives ECDSA signatures in DER, as Binary Authorization reads them", async () => {
    const signer = await signerOf([["nobody", pem(p256.privateKey)]]);
    const { bytes } = await signer.sign("nobody", BYTES, signal);
    expect(bytes[0]).toBe(0x30);
    expect(bytes[1]).toBe(bytes.length - 2);
  });

  it("reads a key in each PEM form that openssl writes", async () => {
    const signer = await signerOf([
      ["diy", pem(p256.privateKey, "sec1")],
      ["nobody", pem(rsa.privateKey, "pkcs1")],
    ]);
    expect((await signer.sign("diy", BYTES, signal)).keyId).toBe(pkixKeyId(p256.publicKey));
    expect((await signer.sign("nobody", BYTES, signal)).keyId).toBe(pkixKeyId(rsa.publicKey));
  });

  it("signs for each check with its own key", async () => {
    const signer = await signerOf([
      ["diy", pem(p256.privateKey)],
      ["nobody", pem(rsa.privateKey)],
    ]);
    const keyIds = await Promise.all(["diy", "nobody"].map((check) => signer.sign(check, BYTES, signal)));
    expect(keyIds.map(({ keyId }) => keyId)).toEqual([p256, rsa].map((pair) => pkixKeyId(pair.publicKey)));
  });

  it("has no key for a check that none was configured for, and says how to add one", async () => {
    const signer = await signerOf([["diy", pem(p256.privateKey)]]);
    await expect(signer.sign("nobody", BYTES, signal)).rejects.toMatchObject({
      code: "key",
      message: 'no key is configured for the check nobody; add [[pkix_keys]] with check = "nobody"',
    });
  });
});

describe("two checks with one key", () => {
  const shared = [
    ["diy", pem(p256.privateKey)],
    ["nobody", pem(p256.privateKey, "sec1")],
  ] as const;

  it("are refused, since an attestation of either would count for both", async () => {
    await expect(signerOf(shared)).rejects.toMatchObject({
      code: "key",
      message: expect.stringMatching(/^the checks diy and nobody share one key.*allow_shared_keys$/),
    });
  });

  it("are allowed where the configuration says so", async () => {
    const signer = await signerOf(shared, { allowSharedKeys: true });
    const [one, other] = await Promise.all(shared.map(([check]) => signer.sign(check, BYTES, signal)));
    expect(one?.keyId).toBe(other?.keyId);
  });
});

describe("a key file that is unusable", () => {
  it("is named, with what to do, when it is not there", async () => {
    const path = join(directory, "missing.pem");
    await expect(createPkixSigner([{ check: "diy", path }]).sign("diy", BYTES, signal)).rejects.toMatchObject(
      {
        code: "key",
        message: `the key file ${path} cannot be read; make one with: voucher keys generate`,
      },
    );
  });

  it("is in the way of its own check only, and says why", async () => {
    const path = join(directory, "there.pem");
    await writeFile(path, pem(p256.privateKey));
    const signer = createPkixSigner([
      { check: "diy", path: join(directory, "missing.pem") },
      { check: "nobody", path },
    ]);
    expect((await signer.sign("nobody", BYTES, signal)).keyId).toBe(pkixKeyId(p256.publicKey));
    const known = await signer.publicKeys();
    expect([...known.keys()]).toEqual(["diy", "nobody"]);
    const refusal = expect.objectContaining({ code: "key", message: expect.stringContaining("missing.pem") });
    expect(() => known.get("diy")?.text()).toThrow(refusal);
    expect(() => known.get("diy")?.verifies(BYTES, BYTES)).toThrow(refusal);
  });

  it("that comes later is still refused where it holds another check's key", async () => {
    const [path, late] = [join(directory, "one.pem"), join(directory, "two.pem")];
    await writeFile(path, pem(p256.privateKey));
    const signer = createPkixSigner([
      { check: "diy", path },
      { check: "nobody", path: late },
    ]);
    await signer.sign("diy", BYTES, signal);
    await writeFile(late, pem(p256.privateKey));
    await expect(signer.sign("diy", BYTES, signal)).rejects.toThrow("share one key");
  });

  it.each([
    ["nothing", ""],
    ["a public key", p256.publicKey.export({ type: "spki", format: "pem" }).toString()],
    [
      "a private key behind a passphrase",
      p256.privateKey
        .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
        .toString(),
    ],
  ])("is refused where it holds %s, and its content is not repeated", async (_, text) => {
    const refusal = signerOf([["diy", text]]);
    await expect(refusal).rejects.toMatchObject({
      code: "key",
      message: expect.stringMatching(/0\.pem holds no private key in PEM form without passphrase$/),
    });
  });

  it.each<[string, () => KeyObject]>([
    ["Ed25519", () => generateKeyPairSync("ed25519").privateKey],
    ["secp256k1", () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey],
    ["RSA 1024", () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
  ])(
    "is refused where its key is of a kind that Binary Authorization does not accept: %s",
    async (_, make) => {
      await expect(signerOf([["diy", pem(make())]])).rejects.toMatchObject({
        code: "key",
        message: expect.stringMatching(
          /does not accept .*; use EC P-256, P-384, P-521 or RSA 2048, 3072, 4096$/,
        ),
      });
    },
  );

  it("is read again on the next use, since a key volume may be mounted late", async () => {
    const path = join(directory, "late.pem");
    const signer = createPkixSigner([{ check: "diy", path }]);
    await expect(signer.sign("diy", BYTES, signal)).rejects.toMatchObject({ code: "key" });
    await writeFile(path, pem(p256.privateKey));
    expect((await signer.sign("diy", BYTES, signal)).keyId).toBe(pkixKeyId(p256.publicKey));
  });

  it("does no harm once it was read", async () => {
    const path = join(directory, "gone.pem");
    await writeFile(path, pem(p256.privateKey));
    const signer = createPkixSigner([{ check: "diy", path }]);
    await signer.sign("diy", BYTES, signal);
    await rm(path);
    await expect(signer.sign("diy", BYTES, signal)).resolves.toHaveProperty("keyId");
  });
});
