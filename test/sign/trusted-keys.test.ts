import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { readTrustedKeys } from "../../lib/sign/trusted-keys.ts";
import { makeKeys } from "../support/test-keys.ts";

const BYTES = Buffer.from("the payload");
const signal = new AbortController().signal;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "voucher-trusted-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

describe("a trusted public key", () => {
  it("counts for its check, and for no other", async () => {
    const keys = await makeKeys(["diy"]);
    const path = await file("old.pem", keys.pair("diy").publicKey);
    const trusted = await readTrustedKeys([{ check: "diy", path }]);
    const ring = createKeyRing(async () => trusted);
    const signature = await keys.signer.sign("diy", BYTES, signal);
    expect(await ring.verify("diy", BYTES, signature, signal)).toHaveProperty("counts", true);
    expect(await ring.verify("nobody", BYTES, signature, signal)).toHaveProperty("counts", false);
  });

  it("may go by the id that attestations name it by", async () => {
    const keys = await makeKeys(["diy"]);
    const path = await file("kms.pem", keys.pair("diy").publicKey);
    const [trusted] = await readTrustedKeys([{ check: "diy", path, id: "//cloudkms/1" }]);
    expect(trusted?.key.id).toBe("//cloudkms/1");
  });

  it("is named, with its check, where its file cannot be read", async () => {
    const path = join(directory, "missing.pem");
    await expect(readTrustedKeys([{ check: "diy", path }])).rejects.toMatchObject({
      code: "key",
      message: `the trusted key ${path} of the check diy cannot be read`,
    });
  });

  it("is refused where its file holds none", async () => {
    const path = await file("text.pem", "hello");
    await expect(readTrustedKeys([{ check: "diy", path }])).rejects.toMatchObject({
      code: "key",
      message: `${path} holds no public key in PEM form`,
    });
  });
});
