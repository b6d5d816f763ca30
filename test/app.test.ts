import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, createApp, generatePkixKey } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { parseReference } from "../lib/image/reference.ts";
import { pushSample } from "../lib/local/push.ts";
import {
  companionTag,
  demoImage,
  helmChart,
  type Sample,
  sampleImage,
  sampleIndex,
} from "../lib/local/samples.ts";
import { type Stack, startStack } from "../lib/local/stack.ts";

const CHECKS = ["diy", "nobody"];
const NEVER = new AbortController().signal;

let stack: Stack;
let folder: string;

beforeEach(async () => {
  stack = await startStack({ project: "prod", checks: CHECKS });
  folder = await mkdtemp(join(tmpdir(), "voucher-app-"));
  for (const check of CHECKS)
    await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
});

afterEach(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** The application over the embedded stack, as a function would wire it. */
async function app(settings: object = {}, env: Record<string, string> = {}): Promise<App> {
  const file = join(folder, "voucher.json");
  await writeFile(
    file,
    JSON.stringify({
      valid_repos: [`${stack.registry.host}/team`],
      binauth_project: "prod",
      containeranalysis: { endpoint: stack.grafeas.url },
      signer: "pkix",
      pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
      checks: { diy: true, nobody: true },
      ...settings,
    }),
  );
  const { config } = await loadConfig({ file, env, cwd: folder, home: "" });
  return await createApp(config, { observer: { record: () => {} }, env });
}

async function push(sample: Sample, tag = "v1", repository = "team/app"): Promise<string> {
  return pushSample(sample, { url: stack.registry.url, repository, tag });
}

/** One delivery of a registry event, as Pub/Sub pushes it. */
async function deliver(to: App, event: object): Promise<number> {
  const data = Buffer.from(JSON.stringify(event)).toString("base64");
  const body = Buffer.from(JSON.stringify({ message: { data, messageId: "1" }, subscription: "s" }));
  return (await to.deliver({ headers: { "content-type": "application/json" }, body })).status;
}

function insert(digest: string, repository = "team/app"): object {
  return { action: "INSERT", digest: `${stack.registry.host}/${repository}@${digest}` };
}

/** What is attested, as `check digest`, once for every occurrence. */
function attested(): string[] {
  return stack.grafeas
    .occurrences()
    .map(({ noteName, resourceUri }) => `${noteName.split("/").at(-1)} ${resourceUri.split("@")[1]}`)
    .sort();
}

const ROOT_ON_S390X = sampleIndex({
  images: [
    sampleImage({ platform: "linux/amd64", user: "10001" }),
    sampleImage({ platform: "linux/arm64", user: "10001" }),
    sampleImage({ platform: "linux/s390x", user: "root" }),
  ],
});
const [AMD64, ARM64, S390X] = ROOT_ON_S390X.manifests.map(({ digest }) => digest);

describe("a push event", () => {
  it("attests each platform for what it passed, and the index for what all of them passed", async () => {
    const index = await push(ROOT_ON_S390X);
    expect(await deliver(await app(), insert(index))).toBe(204);
    const diy = [AMD64, ARM64, S390X, index].map((digest) => `diy ${digest}`);
    expect(attested()).toEqual([...diy, `nobody ${AMD64}`, `nobody ${ARM64}`].sort());
  });

  it("changes nothing in the end when the events of its platforms come first", async () => {
    const index = await push(ROOT_ON_S390X);
    const worker = await app();
    for (const digest of [S390X, AMD64, ARM64, index])
      expect(await deliver(worker, insert(digest ?? ""))).toBe(204);
    expect(attested()).toHaveLength(6);
    expect(new Set(attested()).size).toBe(6);
  });

  it("leaves one attestation per digest and check, however often and wherever it is delivered at once", async () => {
    const index = await push(ROOT_ON_S390X);
    const instances = [await app(), await app()];
    const deliveries = instances.flatMap((instance) =>
      Array.from({ length: 5 }, () => deliver(instance, insert(index))),
    );
    const statuses = await Promise.all(deliveries);
    expect(statuses.every((status) => status === 204 || status === 503)).toBe(true);
    expect(await deliver(await app(), insert(index))).toBe(204);
    expect(attested()).toHaveLength(6);
    expect(new Set(attested()).size).toBe(6);
  });

  it("vouches for the one platform of single-target mode, and for neither the others nor the index", async () => {
    const index = await push(ROOT_ON_S390X);
    const worker = await app({}, { VOUCHER_TARGET_ARCH: "arm64" });
    for (const digest of [AMD64, ARM64, S390X, index])
      expect(await deliver(worker, insert(digest ?? ""))).toBe(204);
    expect(attested()).toEqual([`diy ${ARM64}`, `nobody ${ARM64}`]);
  });

  it("of a missing image comes back, since a push takes a while to settle", async () => {
    expect(await deliver(await app(), insert(`sha256:${"0".repeat(64)}`))).toBe(503);
  });

  it("of a Helm chart is acknowledged after one request, and attests nothing", async () => {
    const chart = await push(helmChart());
    stack.registry.traffic.reset();
    expect(await deliver(await app(), insert(chart))).toBe(204);
    expect(stack.registry.traffic.count()).toBe(1);
    expect(attested()).toEqual([]);
  });

  it.each([
    ["a deletion", () => ({ action: "DELETE", tag: `${stack.registry.host}/team/app:v1` })],
    ["a tag without a digest", () => ({ action: "INSERT", tag: `${stack.registry.host}/team/app:v1` })],
    [
      "a digest that is none",
      () => ({ action: "INSERT", digest: `${stack.registry.host}/team/app@sha256:abc` }),
    ],
    [
      "a signature's tag",
      () => ({
        ...insert(AMD64 ?? ""),
        tag: `${stack.registry.host}/team/app:${companionTag(AMD64 ?? ("" as never), "sig")}`,
      }),
    ],
    [
      "a host that valid_repos does not name",
      () => ({ action: "INSERT", digest: `127.0.0.1:1/team/app@${AMD64}` }),
    ],
  ])("of %s is acknowledged without any request", async (_, event) => {
    expect(await deliver(await app(), event())).toBe(204);
    expect(stack.registry.traffic.count() + stack.grafeas.traffic.count()).toBe(0);
  });
});

describe("the requests of a push", () => {
  const four = sampleIndex({
    images: ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"].map((platform) =>
      sampleImage({ platform, user: "10001" }),
    ),
  });

  it("are 2N+1 to the registry for an index of N, one list of five digests and one batch to the store, cold", async () => {
    const index = await push(four);
    stack.registry.traffic.reset();
    await deliver(await app(), insert(index));
    expect(stack.registry.traffic.count()).toBe(9);
    expect(stack.grafeas.traffic.count()).toBe(2);
  });

  it("are still 2N+1 for a burst of its children's events and its own on one instance", async () => {
    const index = await push(four);
    stack.registry.traffic.reset();
    const worker = await app();
    const burst = four.manifests.map(({ digest }) => deliver(worker, insert(digest)));
    await Promise.all([...burst, deliver(worker, insert(index))]);
    expect(stack.registry.traffic.count()).toBe(9);
  });

  it("are none to the registry, and only the lists to the store, for an event that is repeated", async () => {
    const index = await push(four);
    const worker = await app();
    await deliver(worker, insert(index));
    stack.registry.traffic.reset();
    stack.grafeas.traffic.reset();
    expect(await deliver(worker, insert(index))).toBe(204);
    expect(stack.registry.traffic.count()).toBe(0);
    expect(stack.grafeas.traffic.count()).toBe(1);
  });
});

describe("an attestation that does not count", () => {
  it("is one of diy that was copied under nobody's note", async () => {
    await push(ROOT_ON_S390X);
    const worker = await app();
    await worker.check(imageAt(`@${S390X}`), worker.checksNamed(["diy"]), "run", NEVER);
    await copyUnderNote("nobody");
    const { verdict } = await worker.verify(imageAt(`@${S390X}`), worker.checksNamed(["all"]), NEVER);
    expect(verdict.results.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "diy pass",
      "nobody fail",
    ]);
    expect(verdict.results[1]?.error).toContain("the key of the check diy");
  });
});

describe("the demo's image", () => {
  it("is reviewed with its BuildKit attestations skipped", async () => {
    await push(demoImage());
    const worker = await app();
    const verdict = await worker.check(imageAt(":v1"), worker.checksNamed(["all"]), "run", NEVER);
    expect(verdict.platforms).toHaveLength(4);
    expect(verdict.skipped.map(({ reason }) => reason)).toEqual(Array(4).fill("attestation-manifest"));
    expect(verdict.results.find(({ name }) => name === "nobody")?.error).toContain("linux/s390x");
  });
});

function imageAt(suffix: string) {
  return parseReference(`${stack.registry.host}/team/app${suffix}`);
}

/** Stores what stands under one note a second time, under another. */
async function copyUnderNote(note: string): Promise<void> {
  for (const occurrence of stack.grafeas.occurrences()) {
    const { noteName, resourceUri, attestation } = occurrence;
    await fetch(`${stack.grafeas.url}/v1/projects/prod/occurrences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        noteName: noteName.replace(/[^/]+$/, note),
        resourceUri,
        kind: "ATTESTATION",
        attestation,
      }),
    });
  }
}
