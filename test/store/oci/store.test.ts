import { describe, expect, it } from "vitest";
import { digestOf } from "../../../lib/image/digest.ts";
import { canonical, parseReference } from "../../../lib/image/reference.ts";
import { pushSample } from "../../../lib/local/push.ts";
import { sampleImage } from "../../../lib/local/samples.ts";
import type { Before } from "../../../lib/local/server.ts";
import {
  CHECKS,
  hintOf,
  list,
  manifestAt,
  plant,
  put,
  REPOSITORY,
  type Stack,
  sign,
  signal,
  standing,
  startStack,
} from "./stack.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SUMMARY = "https://slsa.dev/verification_summary/v1";
const both = (stack: Stack) => Promise.all(CHECKS.map((check) => sign(stack, stack.subject, check)));
const hexOf = ({ subject }: Stack) => subject.digest.slice("sha256:".length);
const digestIn = (id: string | undefined) => id?.split("@")[1] ?? "";

describe("an attestation that is put", () => {
  it("stands in a manifest that refers to the image, as Sigstore's bundles do", async () => {
    const stack = await startStack();
    expect(await put(stack.store, [await sign(stack, stack.subject)])).toEqual(["stored"]);
    const [stored] = await list(stack.store, stack.subject);
    const { size } = {
      size: Buffer.byteLength(JSON.stringify(await manifestAt(stack, stack.subject.digest))),
    };
    expect(await manifestAt(stack, digestIn(stored?.id))).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      artifactType: BUNDLE,
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        digest: digestOf(Buffer.from("{}")),
        size: 2,
      },
      layers: [{ mediaType: BUNDLE, digest: expect.any(String), size: expect.any(Number) }],
      subject: {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: stack.subject.digest,
        size,
      },
      annotations: {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": SUMMARY,
        "org.opencontainers.image.created": stored?.createdAt?.toISOString(),
      },
    });
  });

  it("is listed as it was signed, and counts", async () => {
    const stack = await startStack();
    const attestations = await both(stack);
    expect(await put(stack.store, attestations)).toEqual(["stored", "stored"]);
    const found = await list(stack.another(), stack.subject);
    for (const { checkName, payload, signature } of attestations) {
      const stored = found.find((one) => one.checkName === checkName);
      expect(Buffer.from(stored?.payload ?? []).equals(payload)).toBe(true);
      expect(stored?.signatures.map(({ keyId }) => keyId)).toEqual([hintOf(stack.keys, checkName)]);
      expect(Buffer.from(stored?.signatures[0]?.bytes ?? []).equals(signature.bytes)).toBe(true);
    }
    expect(await standing(stack)).toEqual({ counting: CHECKS, rejected: [] });
  });

  it("takes three requests besides one for the image's list, one for its manifest and two or three once", async () => {
    const stack = await startStack();
    const one = await sign(stack, stack.subject);
    await put(stack.store, [one]);
    expect(stack.took()).toEqual([
      "GET manifests",
      "HEAD blobs",
      "POST uploads",
      "PUT uploads",
      "POST uploads",
      "PUT uploads",
      "PUT manifests",
      "GET referrers",
    ]);
    await put(stack.store, [await sign(stack, stack.subject, "diy")]);
    expect(stack.took().filter((request) => !request.startsWith("GET"))).toEqual([
      "POST uploads",
      "PUT uploads",
      "PUT manifests",
    ]);
  });

  it.each([
    ["by the API", true, ["GET referrers"]],
    ["by the fallback tag", false, ["GET manifests"]],
  ])(
    "takes one request to be found again by who wrote it, or read it before: %s",
    async (_, referrersApi, requests) => {
      const stack = await startStack({ registry: { referrersApi } });
      await put(stack.store, await both(stack));
      stack.took();
      expect(await list(stack.store, stack.subject)).toHaveLength(2);
      expect(stack.took()).toEqual(requests);

      const other = stack.another();
      await list(other, stack.subject);
      stack.took();
      expect(await list(other, stack.subject)).toHaveLength(2);
      expect(stack.took()).toEqual(requests);
    },
  );

  it("is of a sha512 image, too", async () => {
    const stack = await startStack({ registry: { referrersApi: false } });
    const sample = sampleImage({ platform: "linux/amd64", user: "app", algorithm: "sha512" });
    await pushSample(sample, { url: stack.registry.url, repository: REPOSITORY });
    const subject = canonical(stack.subject, sample.root.digest);
    expect(await put(stack.store, [await sign(stack, subject)])).toEqual(["stored"]);
    expect(await standing({ ...stack, subject })).toMatchObject({ counting: ["nobody"] });
    const tag = `sha512-${subject.digest.slice("sha512:".length, "sha512:".length + 64)}`;
    expect(await manifestAt(stack, tag)).toMatchObject({ manifests: { length: 1 } });
  });

  it("stands in another repository where one is configured, about the image's own", async () => {
    const stack = await startStack();
    const kept = parseReference(`${stack.registry.host}/attestations`);
    const { store } = await startStack({ store: { repository: kept } });
    const attestation = await sign({ ...stack, store }, stack.subject);
    expect(await put(store, [attestation])).toEqual(["stored"]);
    expect(await list(stack.store, stack.subject)).toEqual([]);
    expect(await standing(stack, store)).toMatchObject({ counting: ["nobody"] });
    expect((await list(store, stack.subject))[0]?.id).toContain(`${stack.registry.host}/attestations@`);
  });

  it("in a repository of many images is that of its own name alone, though another image is the same", async () => {
    const stack = await startStack();
    const kept = parseReference(`${stack.registry.host}/attestations`);
    const { store } = await startStack({ store: { repository: kept } });
    const promoted = { ...stack.subject, repository: "team/promoted" };
    const sample = sampleImage({ platform: "linux/amd64", user: "app" });
    await pushSample(sample, { url: stack.registry.url, repository: promoted.repository });
    const attestations = [await sign(stack, stack.subject), await sign(stack, promoted)];
    expect(await Promise.all(attestations.map((one) => put(store, [one])))).toEqual([["stored"], ["stored"]]);

    for (const subject of [stack.subject, promoted])
      expect(await standing({ ...stack, subject }, store)).toEqual({ counting: ["nobody"], rejected: [] });
    const [stored] = await list(store, promoted);
    if (stored === undefined) throw new Error("nothing is stored");
    await store.remove(stored, signal());
    expect(await list(store, promoted)).toEqual([]);
    expect(await list(store, stack.subject)).toHaveLength(1);
  });

  it("that fails hinders no other", async () => {
    let uploads = 0;
    const before: Before = ({ method, path }) => {
      if (method !== "PUT" || !path.includes("/uploads/")) return undefined;
      uploads += 1;
      // The first is the empty config.
      return uploads === 2 ? { status: 413, body: "{}" } : undefined;
    };
    const failing = await startStack({ before });
    const answers = await failing.store.put(
      (await both(failing)).map((attestation) => ({ attestation })),
      signal(),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(["failed", "stored"]);
    expect(answers.find(({ status }) => status === "failed")).toMatchObject({
      error: { code: "unsupported", message: expect.stringContaining("can't write to") },
    });
    expect((await standing(failing)).counting).toHaveLength(1);
  });

  it("takes no request where there is none", async () => {
    const stack = await startStack();
    expect(await put(stack.store, [])).toEqual([]);
    expect(await stack.store.list([], CHECKS, signal())).toEqual([]);
    expect(stack.took()).toEqual([]);
  });

  it("fails where the registry stays away, and may succeed later", async () => {
    const stack = await startStack({
      before: ({ method }) =>
        method === "PUT" ? { status: 503, headers: { "retry-after": "0" } } : undefined,
    });
    const [answer] = await stack.store.put([{ attestation: await sign(stack, stack.subject) }], signal());
    expect(answer).toMatchObject({ status: "failed", error: { code: "unavailable", retryable: true } });
  });

  it("stands beside an older one, and takes nobody's place", async () => {
    const stack = await startStack();
    await put(stack.store, [await sign(stack, stack.subject)]);
    const [stored] = await list(stack.store, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    const attestation = await sign(stack, stack.subject);
    const answers = await stack.store.put([{ attestation, replaces: { stored, keep: [] } }], signal());
    expect(answers).toEqual([{ status: "stored" }]);
    expect(await list(stack.store, stack.subject)).toHaveLength(2);
  });
});

describe.each([
  ["by the API", true],
  ["by the fallback tag", false],
])("two instances that attest the same at once, listed %s", (_, referrersApi) => {
  it("leave one, whose maker is told that it is stored, and the other that there is a conflict", async () => {
    const stack = await startStack({ registry: { referrersApi } });
    const [ours, theirs] = [await sign(stack, stack.subject), await sign(stack, stack.subject)];
    const answers = await Promise.all([put(stack.store, [ours]), put(stack.another(), [theirs])]);
    expect(await list(stack.another(), stack.subject)).toHaveLength(1);
    expect(answers.flat()).toContain("stored");
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
  });

  it("leave both where the registry deletes nothing, and each of them counts", async () => {
    const before: Before = ({ method }) => (method === "DELETE" ? { status: 405, body: "{}" } : undefined);
    const stack = await startStack({ registry: { referrersApi }, before });
    const late = await sign(stack, stack.subject);
    await put(stack.store, [await sign(stack, stack.subject)]);
    // As if both had looked before either had written.
    expect(await put(stack.another(), [late])).toEqual(["stored"]);
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
    expect(await list(stack.another(), stack.subject)).toHaveLength(referrersApi ? 2 : 1);
  });

  it("are not kept from attesting by what somebody forged in advance", async () => {
    const stack = await startStack({ registry: { referrersApi } });
    const genuine = await sign(stack, stack.subject);
    const forged = { ...genuine, signature: { ...genuine.signature, bytes: Buffer.from("forged") } };
    await put(stack.store, [forged]);
    const mine = await sign(stack, stack.subject);
    expect(await put(stack.another(), [mine])).toEqual(["conflict"]);
    const [stored] = await list(stack.store, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    const answers = await stack.store.put([{ attestation: mine, replaces: { stored, keep: [] } }], signal());
    expect(answers).toEqual([{ status: "stored" }]);
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
  });
});

describe("cosign's tag", () => {
  const tagged = { store: { cosignTags: true } };

  it("holds each envelope as a layer, beside those of others", async () => {
    const stack = await startStack(tagged);
    const theirs = Buffer.from('{"payloadType":"x","payload":"","signatures":[]}');
    const config = Buffer.from("{}");
    const layer = {
      mediaType: "application/vnd.dsse.envelope.v1+json",
      digest: digestOf(theirs),
      size: theirs.length,
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: 2 },
      layers: [{ ...layer, annotations: { certificate: "theirs" } }],
      annotations: { kept: "yes" },
    };
    await plant(stack, manifest, [theirs, config], `sha256-${hexOf(stack)}.att`);
    expect(await put(stack.store, await both(stack))).toEqual(["stored", "stored"]);

    const ours = {
      mediaType: "application/vnd.dsse.envelope.v1+json",
      digest: expect.any(String),
      size: expect.any(Number),
      annotations: { "dev.cosignproject.cosign/signature": "", predicateType: SUMMARY },
    };
    expect(await manifestAt(stack, `sha256-${hexOf(stack)}.att`)).toMatchObject({
      config: { mediaType: "application/vnd.oci.image.config.v1+json" },
      layers: [...manifest.layers, ours, ours],
      annotations: { kept: "yes" },
    });
  });

  it("makes an attestation whole: without it, it does not count, and is made again", async () => {
    const stack = await startStack(tagged);
    const plain = (await startStack()).store;
    await put(plain, [await sign(stack, stack.subject)]);
    const reason = `it does not stand under sha256-${hexOf(stack)}.att`;
    expect(await standing(stack)).toEqual({ counting: [], rejected: [reason] });
    expect(await standing(stack, plain)).toMatchObject({ counting: ["nobody"] });

    const [stored] = await list(stack.store, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    await stack.store.put(
      [{ attestation: await sign(stack, stack.subject), replaces: { stored, keep: [] } }],
      signal(),
    );
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
  });

  it("does not make one alone", async () => {
    const stack = await startStack(tagged);
    await put(stack.store, [await sign(stack, stack.subject)]);
    const [stored] = await list(stack.store, stack.subject);
    const url = `${stack.registry.url}/v2/${REPOSITORY}/manifests/${digestIn(stored?.id)}`;
    await fetch(url, { method: "DELETE" });
    expect(await standing(stack)).toEqual({ counting: [], rejected: ["it stands under cosign's tag alone"] });

    const [alone] = await list(stack.store, stack.subject);
    if (alone === undefined) throw new Error("nothing is listed");
    await stack.store.remove(alone, signal());
    expect(await list(stack.store, stack.subject)).toEqual([]);
  });

  it("is refused where it holds something else", async () => {
    const stack = await startStack(tagged);
    await plant(stack, { schemaVersion: 2, manifests: [] }, [], `sha256-${hexOf(stack)}.att`);
    await expect(list(stack.store, stack.subject)).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("delete that tag"),
    });
  });
});

describe("an attestation that is withdrawn", () => {
  it.each([
    ["listed by the API", true, false],
    ["listed by the fallback tag", false, false],
    ["under cosign's tag, too", true, true],
  ])("is found no more: %s", async (_, referrersApi, cosignTags) => {
    const stack = await startStack({ registry: { referrersApi }, store: { cosignTags } });
    await put(stack.store, await both(stack));
    const stored = (await list(stack.store, stack.subject)).find(({ checkName }) => checkName === "nobody");
    if (stored === undefined) throw new Error("nothing is stored");
    await stack.store.remove(stored, signal());
    await stack.store.remove(stored, signal());
    expect(await standing(stack)).toEqual({ counting: ["diy"], rejected: [] });
    expect(await manifestAt(stack, digestIn(stored.id))).toBeUndefined();
    if (cosignTags)
      expect(await manifestAt(stack, `sha256-${hexOf(stack)}.att`)).toMatchObject({ layers: { length: 1 } });
  });

  it("leaves cosign's tag as well where that is not written any more", async () => {
    const stack = await startStack({ store: { cosignTags: true } });
    await put(stack.store, [await sign(stack, stack.subject)]);
    const plain = (await startStack()).store;
    const [stored] = await list(plain, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    await plain.remove(stored, signal());
    expect(await manifestAt(stack, `sha256-${hexOf(stack)}.att`)).toMatchObject({ layers: [] });
  });

  it("is listed no more by the fallback tag, though the registry deletes nothing", async () => {
    const before: Before = ({ method }) => (method === "DELETE" ? { status: 405, body: "{}" } : undefined);
    const stack = await startStack({ registry: { referrersApi: false }, before });
    await put(stack.store, [await sign(stack, stack.subject)]);
    const [stored] = await list(stack.store, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    await stack.store.remove(stored, signal());
    expect(await list(stack.store, stack.subject)).toEqual([]);
  });

  it("is an error where the API would go on listing it", async () => {
    const before: Before = ({ method }) => (method === "DELETE" ? { status: 405, body: "{}" } : undefined);
    const stack = await startStack({ before });
    await put(stack.store, [await sign(stack, stack.subject)]);
    const [stored] = await list(stack.store, stack.subject);
    if (stored === undefined) throw new Error("nothing is stored");
    await expect(stack.store.remove(stored, signal())).rejects.toMatchObject({ code: "unsupported" });
  });
});
