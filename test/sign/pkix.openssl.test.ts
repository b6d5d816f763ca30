import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { pkixKeyId } from "../../lib/sign/public-key.ts";
import { at, REPOSITORY } from "../support/fake-images.ts";
import { signerOf } from "../support/test-keys.ts";
import { describeWith } from "../support/tools.ts";

const signal = new AbortController().signal;
const PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];

describeWith(["openssl"], "openssl on the command line agrees with us", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "voucher-openssl-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const openssl = (args: readonly string[], input?: Uint8Array) =>
    execFileSync("openssl", args, { input, timeout: 20_000, stdio: ["pipe", "pipe", "pipe"] });

  async function file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, content);
    return path;
  }

  it.each<[string, string, readonly string[], () => { publicKey: KeyObject; privateKey: KeyObject }]>([
    ["EC P-256", "-sha256", [], () => generateKeyPairSync("ec", { namedCurve: "prime256v1" })],
    ["EC P-384", "-sha384", [], () => generateKeyPairSync("ec", { namedCurve: "secp384r1" })],
    ["EC P-521", "-sha512", [], () => generateKeyPairSync("ec", { namedCurve: "secp521r1" })],
    ["RSA 2048", "-sha256", [], () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["RSA 3072", "-sha256", [], () => generateKeyPairSync("rsa", { modulusLength: 3072 })],
    ["RSA for PSS", "-sha256", PSS, () => generateKeyPairSync("rsa-pss", { modulusLength: 2048 })],
  ])("on a signature of ours over a payload, and on the key's id: %s", async (_, hash, options, make) => {
    const pair = make();
    const payload = binauthzPayload(at(REPOSITORY, digestOf(Buffer.from("image"))));
    const signer = await signerOf([
      ["nobody", pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ]);
    const { bytes, keyId } = await signer.sign("nobody", payload, signal);

    const key = await file("key.pem", pair.publicKey.export({ type: "spki", format: "pem" }).toString());
    const signature = await file("signature", bytes);
    const verify = ["dgst", hash, ...options, "-verify", key, "-signature", signature];
    expect(openssl([...verify, await file("payload", payload)]).toString()).toContain("Verified OK");
    const other = await file("other", Buffer.from("other"));
    expect(() => openssl([...verify, other])).toThrow();

    const der = openssl(["pkey", "-pubin", "-in", key, "-outform", "DER"]);
    const id = openssl(["dgst", "-sha256", "-binary"], der).toString("base64url");
    expect(keyId).toBe(`ni:///sha-256;${id}`);
    expect(pkixKeyId(pair.publicKey)).toBe(keyId);
  });

  it("on the key pair that voucher keys generate makes: EC P-256, its two halves, its id", async () => {
    const { privateKey, publicKey, keyId } = await generatePkixKey();
    const path = await file("generated.pem", privateKey);
    expect(openssl(["pkey", "-in", path, "-noout", "-text"]).toString()).toContain("prime256v1");
    expect(openssl(["pkey", "-in", path, "-pubout"]).toString()).toBe(publicKey);
    const der = openssl(["pkey", "-in", path, "-pubout", "-outform", "DER"]);
    expect(keyId).toBe(`ni:///sha-256;${openssl(["dgst", "-sha256", "-binary"], der).toString("base64url")}`);
    expect((await generatePkixKey()).keyId).not.toBe(keyId);
  });

  it("on a key of its own, which our signer reads and signs with", async () => {
    const own = openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout"]).toString();
    const signer = await signerOf([["nobody", own]]);
    const { bytes } = await signer.sign("nobody", Buffer.from("x"), signal);
    const path = await file("own.pem", own);
    const verify = ["dgst", "-sha256", "-prverify", path, "-signature", await file("signature", bytes)];
    expect(openssl(verify, Buffer.from("x")).toString()).toContain("Verified OK");
  });
});
