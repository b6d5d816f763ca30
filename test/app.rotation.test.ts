import { createPublicKey, sign as signBytes, verify as verifies } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, createApp, generatePkixKey, type KeyPair } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { parseReference } from "../lib/image/reference.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage, sampleIndex } from "../lib/local/samples.ts";
import { type Stack, startStack } from "../lib/local/stack.ts";

const CHECKS = ["diy", "nobody"];
const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "10001" })),
});
const OWED = 6;
const patience = () => AbortSignal.timeout(20_000);

let stack: Stack;
let folder: string;
let keys: { readonly old: KeyPair; readonly new: KeyPair; readonly diy: KeyPair };

beforeEach(async () => {
  stack = await startStack({ project: "prod", checks: CHECKS });
  folder = await mkdtemp(join(tmpdir(), "voucher-rotation-"));
  keys = { old: await generatePkixKey(), new: await generatePkixKey(), diy: await generatePkixKey() };
  for (const [name, { privateKey, publicKey }] of Object.entries(keys)) {
    await writeFile(join(folder, `${name}.pem`), privateKey);
    await writeFile(join(folder, `${name}.pub`), publicKey);
  }
  await pushSample(INDEX, { url: stack.registry.url, repository: "team/app", tag: "v1" });
});

afterEach(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** The application that signs for nobody with this key, and trusts others besides. */
async function app(key: "old" | "new", trusted: readonly object[] = []): Promise<App> {
  const file = join(folder, `${key}.json`);
  const config = {
    valid_repos: [stack.registry.host],
    binauth_project: "prod",
    containeranalysis: { endpoint: stack.grafeas.url },
    signer: "pkix",
    pkix_keys: [
      { check: "diy", path: "diy.pem" },
      { check: "nobody", path: `${key}.pem` },
    ],
    trusted_keys: trusted,
    checks: { diy: true, nobody: true },
  };
  await writeFile(file, JSON.stringify(config));
  const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  return createApp(loaded.config, { observer: { record: () => {} }, env: {} });
}

const OLD_TRUSTED = [{ check: "nobody", path: "old.pub" }];
const image = () => parseReference(`${stack.registry.host}/team/app:v1`);
const check = (by: App, existing: "run" | "reuse" | "force" = "run") =>
  by.check(image(), by.checksNamed(["all"]), existing, patience());
const approves = async (by: App) =>
  (await by.verify(image(), by.checksNamed(["all"]), patience())).verdict.success;

async function deliver(to: App): Promise<number> {
  const event = { action: "INSERT", digest: `${stack.registry.host}/team/app@${INDEX.root.digest}` };
  const data = Buffer.from(JSON.stringify(event)).toString("base64");
  const body = Buffer.from(JSON.stringify({ message: { data, messageId: "1" }, subscription: "s" }));
  return (await to.deliver({ headers: {}, body })).status;
}

/** Each attestation of nobody as it is stored, with the ids of the keys that signed it. */
function stored() {
  return stack.grafeas
    .occurrences()
    .filter(({ noteName }) => noteName.endsWith("/nobody"))
    .map(({ name, attestation }) => ({
      name,
      payload: Buffer.from(attestation?.serializedPayload ?? "", "base64"),
      signatures: attestation?.signatures ?? [],
    }));
}

const names = () =>
  stack.grafeas
    .occurrences()
    .map(({ name }) => name)
    .toSorted();
const signers = () => stored().map(({ signatures }) => signatures.map(({ publicKeyId }) => publicKeyId));

/** Whether a stored signature is one of `key`, by nothing but node:crypto. */
function verifiesBy(key: KeyPair): boolean {
  return stored().every(({ payload, signatures }) =>
    signatures.some(
      ({ signature, publicKeyId }) =>
        publicKeyId === key.keyId &&
        verifies("sha256", payload, createPublicKey(key.publicKey), Buffer.from(signature, "base64")),
    ),
  );
}

describe("a key that was rotated, and is trusted no more", () => {
  it("has its attestations made again by an event, in their own places", async () => {
    await check(await app("old"));
    const before = names();
    const rotated = await app("new");
    expect(await approves(rotated)).toBe(false);

    expect(await deliver(rotated)).toBe(204);

    expect(names()).toEqual(before);
    expect(signers()).toEqual(Array(3).fill([keys.new.keyId]));
    expect(verifiesBy(keys.new)).toBe(true);
    expect(await approves(rotated)).toBe(true);
    expect(await approves(await app("old"))).toBe(false);
  });

  it("leaves one attestation a digest and check where two instances make them again at once", async () => {
    await check(await app("old"));
    const before = names();
    const instances = [await app("new"), await app("new")];

    const statuses = await Promise.all(
      instances.flatMap((instance) => Array.from({ length: 4 }, () => deliver(instance))),
    );

    expect(statuses.every((status) => status === 204 || status === 503)).toBe(true);
    expect(names()).toEqual(before);
    expect(signers()).toEqual(Array(3).fill([keys.new.keyId]));
    expect(await approves(await app("new"))).toBe(true);
  });

  it("says since when the new key vouches, not since when something stood there", async () => {
    await check(await app("old"));
    const rotation = new Date();
    const rotated = await app("new");
    await check(rotated);
    const { attested } = await rotated.verify(image(), rotated.checksNamed(["all"]), patience());
    const since = (name: string) => attested.filter((one) => one.checkName === name).map((one) => one.since);
    expect(since("nobody").every((moment) => moment !== undefined && moment >= rotation)).toBe(true);
    expect(since("diy").every((moment) => moment !== undefined && moment <= rotation)).toBe(true);
  });
});

describe("a key that was rotated, and is still trusted", () => {
  it("has its attestations reused: nothing is signed and nothing written", async () => {
    await check(await app("old"));
    stack.grafeas.traffic.reset();
    const rotated = await app("new", OLD_TRUSTED);
    expect(await deliver(rotated)).toBe(204);
    expect(await check(rotated)).toMatchObject({ success: true, attested: true });
    expect(stack.grafeas.traffic.count({ method: "POST" })).toBe(0);
    expect(stack.grafeas.traffic.count({ method: "PATCH" })).toBe(0);
    expect(signers()).toEqual(Array(3).fill([keys.old.keyId]));
  });

  it("keeps its signatures beside the new ones when all is signed again", async () => {
    await check(await app("old"));
    const before = names();

    expect(await check(await app("new", OLD_TRUSTED), "force")).toMatchObject({ success: true });

    expect(names()).toEqual(before);
    expect(signers()).toEqual(Array(3).fill([keys.new.keyId, keys.old.keyId]));
    expect(await approves(await app("new"))).toBe(true);
    expect(await approves(await app("old"))).toBe(true);
  });

  it("keeps them also where gcloud had laid out the payload", async () => {
    await check(await app("old"));
    for (const { name, payload } of stored())
      await sign(name, `${JSON.stringify(JSON.parse(String(payload)), null, 2)}\n`);
    expect(await approves(await app("old"))).toBe(true);

    await check(await app("new", OLD_TRUSTED), "force");

    expect(stored().every(({ payload }) => String(payload).startsWith("{\n  "))).toBe(true);
    expect([verifiesBy(keys.old), verifiesBy(keys.new)]).toEqual([true, true]);
  });

  it("has its signatures dropped by the next forced run once it is trusted no more", async () => {
    await check(await app("old"));
    await check(await app("new", OLD_TRUSTED), "force");
    await check(await app("new"), "force");
    expect(signers()).toEqual(Array(3).fill([keys.new.keyId]));
    expect(names()).toHaveLength(OWED);
  });
});

describe("a key that is trusted for two checks, in files of its own", () => {
  it("makes no attestation count, until that is allowed", async () => {
    const worker = await app("new", [{ check: "diy", path: "new.pub" }]);
    await check(worker);
    const { verdict } = await worker.verify(image(), worker.checksNamed(["all"]), patience());
    expect(verdict.results.map(({ status, error }) => [status, error])).toEqual(
      Array(2).fill(["error", expect.stringMatching(/share one key.*allow_shared_keys/)]),
    );
  });
});

/** Puts the old key's signature over `payload` in the place of what an occurrence of nobody holds. */
async function sign(name: string, payload: string): Promise<void> {
  const signature = signBytes("sha256", Buffer.from(payload), keys.old.privateKey).toString("base64");
  const attestation = {
    serializedPayload: Buffer.from(payload).toString("base64"),
    signatures: [{ signature, publicKeyId: keys.old.keyId }],
  };
  stack.grafeas.amend(name, { attestation });
}
