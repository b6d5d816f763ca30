import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { createPgpSigner } from "../../lib/sign/pgp.ts";
import { readTrustedKeys } from "../../lib/sign/trusted-keys.ts";
import { signerOf } from "../support/test-keys.ts";
import { makePgpKey, revoke, signedMessage } from "./pgp-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;
const pairs = { diy: await makePgpKey(), nobody: await makePgpKey() };
const signer = createPgpSigner(() =>
  Object.entries(pairs).map(([check, { privateKey }]) => ({ check, armoredKey: privateKey })),
);

/** A ring over the keys of this signer. */
const ringOf = (keys: typeof signer) =>
  createKeyRing(async () => [...(await keys.publicKeys())].map(([check, key]) => ({ check, key })));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "voucher-pgp-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe("a key ring with OpenPGP keys", () => {
  it("counts what the signer signed, for that check alone", async () => {
    const ring = ringOf(signer);
    const signature = await signer.sign("diy", BYTES, signal);
    expect(await ring.verify("diy", BYTES, signature, signal)).toEqual({
      counts: true,
      keyId: pairs.diy.keyId,
    });
    expect(await ring.verify("nobody", BYTES, signature, signal)).toEqual({
      counts: false,
      reason: "it was made with the key of the check diy",
    });
  });

  it("does not count a signature over other bytes, nor one of another key under this key's name", async () => {
    const ring = ringOf(signer);
    const good = await signer.sign("diy", BYTES, signal);
    const reason = `its signature does not verify under the key ${pairs.diy.keyId}`;
    expect(await ring.verify("diy", Buffer.from("other"), good, signal)).toEqual({ counts: false, reason });
    const forged = { ...(await signer.sign("nobody", BYTES, signal)), keyId: good.keyId };
    expect(await ring.verify("diy", BYTES, forged, signal)).toEqual({ counts: false, reason });
  });

  it.each([
    ["in lower case", (id: string) => id.toLowerCase()],
    ["as a short id", (id: string) => id.slice(-16)],
    ["with 0x before it", (id: string) => `0x${id}`],
    ["as a URI", (id: string) => `openpgp4fpr:${id}`],
  ])("does not count a key id that admission would not find: %s", async (_, spell) => {
    const signature = await signer.sign("diy", BYTES, signal);
    const misspelt = { ...signature, keyId: spell(signature.keyId) };
    expect(await ringOf(signer).verify("diy", BYTES, misspelt, signal)).toEqual({
      counts: false,
      reason: `it was made with an unknown key (${misspelt.keyId})`,
    });
  });

  it("counts a trusted key from an armored file beside one in PEM form, each for its check", async () => {
    const pem = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const pkix = await signerOf([
      ["nobody", pem.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ]);
    const trusted = await readTrustedKeys([
      { check: "diy", path: await file("diy.asc", pairs.diy.publicKey) },
      {
        check: "nobody",
        path: await file("nobody.pem", pem.publicKey.export({ type: "spki", format: "pem" }).toString()),
      },
    ]);
    const ring = createKeyRing(async () => trusted);
    const pgpSignature = await signer.sign("diy", BYTES, signal);
    const pkixSignature = await pkix.sign("nobody", BYTES, signal);
    expect(await ring.verify("diy", BYTES, pgpSignature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("nobody", BYTES, pkixSignature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("nobody", BYTES, pgpSignature, signal)).toHaveProperty("counts", false);
    const crossed = { bytes: pgpSignature.bytes, keyId: pkixSignature.keyId };
    expect(await ring.verify("nobody", BYTES, crossed, signal)).toHaveProperty("counts", false);
  });

  it("counts a key under the id that the configuration gives it", async () => {
    const path = await file("named.asc", pairs.diy.publicKey);
    const trusted = await readTrustedKeys([{ check: "diy", path, id: "our old key" }]);
    const ring = createKeyRing(async () => trusted);
    const bytes = await signedMessage(BYTES, [pairs.diy]);
    expect(await ring.verify("diy", BYTES, { bytes, keyId: "our old key" }, signal)).toHaveProperty(
      "counts",
      true,
    );
    expect(await ring.verify("diy", BYTES, { bytes, keyId: pairs.diy.keyId }, signal)).toHaveProperty(
      "counts",
      false,
    );
  });

  it("does not count a trusted key that is revoked", async () => {
    const path = await file("revoked.asc", (await revoke(pairs.diy)).publicKey);
    const trusted = await readTrustedKeys([{ check: "diy", path }]);
    const signature = await signer.sign("diy", BYTES, signal);
    expect(await createKeyRing(async () => trusted).verify("diy", BYTES, signature, signal)).toHaveProperty(
      "counts",
      false,
    );
  });

  it("names the file of a key that cannot be read", async () => {
    const path = await file("broken.asc", pairs.diy.publicKey.slice(0, 120));
    await expect(readTrustedKeys([{ check: "diy", path }])).rejects.toMatchObject({
      code: "key",
      message: expect.stringContaining(`${path} holds no OpenPGP key that can be read`),
    });
  });
});
