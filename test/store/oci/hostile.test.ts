import { describe, expect, it } from "vitest";
import { BUNDLE_V0_3, bundleBytes } from "../../../lib/attest/bundle.ts";
import { type Digest, digestOf } from "../../../lib/image/digest.ts";
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../../lib/image/media-types.ts";
import { at } from "../../support/fake-images.ts";
import { makeKeys } from "../../support/test-keys.ts";
import {
  CHECKS,
  list,
  plant,
  put,
  type Stack,
  type StackOptions,
  sign,
  signal,
  standing,
  startStack,
} from "./stack.ts";

const EMPTY = Buffer.from("{}");

interface Planted {
  readonly subject?: Digest;
  readonly blob: Uint8Array;
  readonly layers?: readonly object[];
  readonly annotations?: object;
  readonly padding?: string;
}

/** A manifest with a bundle that refers to the image, as anyone can push one who may push at all. */
async function attach(stack: Stack, planted: Planted): Promise<object> {
  const { subject = stack.subject.digest, blob, annotations, padding } = planted;
  const layer = { mediaType: BUNDLE_V0_3, digest: digestOf(blob), size: blob.byteLength };
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE_V0_3,
    config: { mediaType: OCI_EMPTY, digest: digestOf(EMPTY), size: 2 },
    layers: planted.layers ?? [layer],
    subject: { mediaType: OCI_MANIFEST, digest: subject, size: 1 },
    ...(annotations === undefined ? {} : { annotations }),
    ...(padding === undefined ? {} : { padding }),
  };
  const digest = await plant(stack, manifest, [EMPTY, blob]);
  const size = Buffer.byteLength(JSON.stringify(manifest));
  return { mediaType: OCI_MANIFEST, digest, size, artifactType: BUNDLE_V0_3, annotations };
}

/** A bundle of this payload, in the name of the check's own key. */
async function bundleOf(stack: Stack, change: (payload: string) => string = (payload) => payload) {
  const { payload, signature } = await sign(stack, stack.subject);
  const changed = Buffer.from(change(Buffer.from(payload).toString()));
  const signatures = [{ keyId: "", bytes: signature.bytes }];
  const envelope = { payloadType: "application/vnd.in-toto+json", payload: changed, signatures };
  return bundleBytes({ envelope, keyHint: "" });
}

describe("what anyone may attach to an image", () => {
  it.each<[string, (stack: Stack) => Promise<Planted>, readonly string[]]>([
    [
      "signed with a key that nobody trusts",
      async (stack) => {
        const keys = await makeKeys(CHECKS);
        const { payload, signature } = await sign({ ...stack, keys }, stack.subject);
        const signatures = [{ keyId: "", bytes: signature.bytes }];
        const envelope = { payloadType: "application/vnd.in-toto+json", payload, signatures };
        return { blob: bundleBytes({ envelope, keyHint: "" }) };
      },
      ["its signature verifies under no key that is trusted for nobody"],
    ],
    [
      "of another image, signed by us",
      async (stack) => {
        const other = at("gcr.io/project/app", digestOf(Buffer.from("other")));
        const { payload, signature } = await sign(stack, other);
        const signatures = [{ keyId: "", bytes: signature.bytes }];
        const envelope = { payloadType: "application/vnd.in-toto+json", payload, signatures };
        return { blob: bundleBytes({ envelope, keyHint: "" }) };
      },
      ["its summary names another digest"],
    ],
    [
      "changed to say another check",
      async (stack) => ({
        blob: await bundleOf(stack, (text) => text.replace("checks/nobody", "checks/diy")),
      }),
      ["its signature verifies under no key that is trusted for diy"],
    ],
    [
      "changed to say that it failed",
      async (stack) => ({ blob: await bundleOf(stack, (text) => text.replace("PASSED", "FAILED")) }),
      ["its summary does not say PASSED"],
    ],
    [
      "of another check than any",
      async (stack) => ({ blob: await bundleOf(stack, (text) => text.replace("checks/nobody", "checks/x")) }),
      [],
    ],
    [
      "of another verifier",
      async (stack) => ({
        blob: await bundleOf(stack, (text) => text.replaceAll("voucher.example", "x.example")),
      }),
      [],
    ],
    ["no bundle", async () => ({ blob: Buffer.from("{") }), []],
    ["larger than any summary", async () => ({ blob: Buffer.alloc(300_000, " ") }), []],
    [
      "in a manifest that is larger than any",
      async (stack) => ({ blob: await bundleOf(stack), padding: "x".repeat(70_000) }),
      [],
    ],
    ["in several layers", async (stack) => ({ blob: await bundleOf(stack), layers: [] }), []],
    [
      "in a layer of another size than it says",
      async (stack) => {
        const blob = await bundleOf(stack);
        return { blob, layers: [{ mediaType: BUNDLE_V0_3, digest: digestOf(blob), size: 3 }] };
      },
      [],
    ],
  ])("does not count, and hides nothing: %s", async (_, plantedFor, rejected) => {
    const stack = await startStack();
    await attach(stack, await plantedFor(stack));
    expect(await standing(stack)).toEqual({ counting: [], rejected });
    await put(stack.store, [await sign(stack, stack.subject)]);
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
  });

  it("is not fetched where its label says that it is something else", async () => {
    const stack = await startStack();
    const annotations = { "dev.sigstore.bundle.predicateType": "https://spdx.dev/Document" };
    await attach(stack, { blob: await bundleOf(stack), annotations });
    stack.took();
    expect(await list(stack.store, stack.subject)).toEqual([]);
    expect(stack.took()).toEqual(["GET referrers"]);
  });
});

describe("a list of referrers", () => {
  const withoutApi = (options: StackOptions = {}) =>
    startStack({ registry: { referrersApi: false }, ...options });
  const listUnder = (stack: Stack, entries: readonly unknown[]) => {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries };
    const bytes = Buffer.from(JSON.stringify(index));
    const digest = digestOf(bytes);
    // Planted, since no registry takes an index of what is not there.
    stack.registry.plant("team/app", { bytes, digest, mediaType: OCI_INDEX });
    return digest;
  };

  /** Serves this list under the fallback tag. */
  async function stackWith(
    entriesOf: (stack: Stack) => Promise<readonly unknown[]>,
    options: StackOptions = {},
  ) {
    let served: Buffer | undefined;
    const stack = await withoutApi({
      ...options,
      before: ({ method, path }) =>
        method === "GET" && /\/manifests\/sha256-/.test(path) && served !== undefined
          ? { status: 200, headers: { "content-type": OCI_INDEX }, body: served }
          : undefined,
    });
    const manifests = await entriesOf(stack);
    served = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
    stack.took();
    return stack;
  }

  it("may name what refers to another image: that is passed over", async () => {
    const stack = await stackWith(async (there) => [
      await attach(there, { blob: await bundleOf(there), subject: digestOf(Buffer.from("other")) }),
    ]);
    expect(await standing(stack)).toEqual({ counting: [], rejected: [] });
  });

  it("may name what is gone, an index, or nothing that can be read", async () => {
    const stack = await stackWith(async (there) => {
      const good = await attach(there, { blob: await bundleOf(there) });
      const gone = { ...good, digest: digestOf(Buffer.from("gone")) };
      const index = { ...good, digest: listUnder(there, []), size: 81 };
      return [
        gone,
        index,
        { ...good, size: 5 },
        7,
        { digest: "sha256:x" },
        { ...good, artifactType: undefined },
      ];
    });
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });
  });

  it("ends at the limit of a review's documents, with a permanent error that names it", async () => {
    const stack = await stackWith(
      async (there) => {
        const good = await attach(there, { blob: await bundleOf(there) });
        return Array.from({ length: 11 }, (_, n) => ({ ...good, digest: digestOf(Buffer.from(String(n))) }));
      },
      { client: { limits: { documents: 10 } } },
    );
    await expect(list(stack.store, stack.subject)).rejects.toMatchObject({
      code: "limit",
      retryable: false,
      message: expect.stringContaining("limits.documents"),
    });
    expect(stack.took()).toEqual(["GET referrers", "GET manifests"]);
  });

  it("ends at the limit of a review's bytes", async () => {
    const stack = await stackWith(
      async (there) => {
        const good = await attach(there, { blob: await bundleOf(there) });
        return Array.from({ length: 9 }, (_, n) => ({
          ...good,
          size: 60_000,
          digest: digestOf(Buffer.from(String(n))),
        }));
      },
      { client: { limits: { reviewBytes: 500_000 } } },
    );
    await expect(list(stack.store, stack.subject)).rejects.toMatchObject({
      code: "limit",
      message: expect.stringContaining("limits.review_bytes"),
    });
  });

  it("is asked for no more than a review may ask at once", async () => {
    const stack = await startStack({ client: { limits: { requestsPerHost: 2 } } });
    for (let n = 0; n < 6; n += 1) await attach(stack, { blob: await bundleOf(stack) });
    stack.registry.traffic.reset();
    expect(await list(stack.store, stack.subject)).toHaveLength(6);
    expect(stack.registry.traffic.peak).toBeLessThanOrEqual(2);
  });

  it.each([
    ["it is away", { status: 503, body: "{}", headers: { "retry-after": "0" } }, "unavailable"],
    ["it lets nobody in", { status: 403, body: "{}" }, "forbidden"],
  ])("that names what cannot be read just now leaves the question open: %s", async (_, answer, code) => {
    const stack = await startStack({
      before: ({ method, path }) => (method === "GET" && path.includes("/blobs/") ? answer : undefined),
    });
    await attach(stack, { blob: await bundleOf(stack) });
    await expect(stack.store.list([stack.subject], CHECKS, signal())).rejects.toMatchObject({ code });
  });
});
