import { describe, expect, it } from "vitest";
import { digestOf } from "../../../lib/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../lib/image/media-types.ts";
import type { LocalRequest } from "../../../lib/local/server.ts";
import {
  list,
  manifestAt,
  plant,
  put,
  REPOSITORY,
  type Stack,
  type StackOptions,
  sign,
  signal,
  standing,
  startStack,
} from "./stack.ts";

const EMPTY = Buffer.from("{}");
const tagOf = ({ subject }: Pick<Stack, "subject">) => subject.digest.replace(":", "-");
const withoutApi = (before?: StackOptions["before"]) =>
  startStack({ registry: { referrersApi: false }, ...(before === undefined ? {} : { before }) });

/** A manifest of somebody else's that refers to the image, as an entry of an index of referrers. */
async function theirs(stack: Stack, name: string) {
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.example.sbom",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(EMPTY), size: 2 },
    layers: [],
    subject: { mediaType: OCI_MANIFEST, digest: stack.subject.digest, size: 1 },
    annotations: { name },
  };
  const digest = await plant(stack, manifest, [EMPTY]);
  return {
    mediaType: OCI_MANIFEST,
    digest,
    size: Buffer.byteLength(JSON.stringify(manifest)),
    artifactType: manifest.artifactType,
    annotations: manifest.annotations,
    "x-of-theirs": [1, { two: null }],
  };
}

function indexOf(...manifests: readonly unknown[]) {
  return { schemaVersion: 2, mediaType: OCI_INDEX, annotations: { of: "theirs" }, manifests };
}

function isTag({ path }: LocalRequest): boolean {
  return /\/manifests\/sha256-/.test(path);
}

describe("the index under the fallback tag", () => {
  it("gets our entries beside those of others, which stay as they were, unknown members and all", async () => {
    const stack = await withoutApi();
    const other = await theirs(stack, "sbom");
    await plant(stack, indexOf(other), [], tagOf(stack));
    expect(await put(stack.store, [await sign(stack, stack.subject)])).toEqual(["stored"]);
    expect(await manifestAt(stack, tagOf(stack))).toEqual({
      ...indexOf(other, {
        mediaType: OCI_MANIFEST,
        digest: expect.any(String),
        size: expect.any(Number),
        artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        annotations: {
          "dev.sigstore.bundle.content": "dsse-envelope",
          "dev.sigstore.bundle.predicateType": "https://slsa.dev/verification_summary/v1",
          "org.opencontainers.image.created": expect.any(String),
        },
      }),
    });
  });

  it("is read, written and read back, for all checks at once", async () => {
    const stack = await withoutApi();
    const attestations = [await sign(stack, stack.subject), await sign(stack, stack.subject, "diy")];
    await put(stack.store, attestations);
    const ofTag = stack.registry.traffic.requests.filter(({ path }) => path.endsWith(tagOf(stack)));
    expect(ofTag.map(({ method }) => method)).toEqual(["GET", "PUT", "GET"]);
  });

  it("is put over the state that was read alone: what came between is kept", async () => {
    let stack: Stack | undefined;
    let isFirst = true;
    const conditions: unknown[] = [];
    stack = await withoutApi(async (request) => {
      if (request.method !== "PUT" || !isTag(request) || stack === undefined) return undefined;
      conditions.push(request.headers["if-match"] ?? request.headers["if-none-match"]);
      if (!isFirst) return undefined;
      isFirst = false;
      await plant(stack, indexOf(await theirs(stack, "between")), [], tagOf(stack));
      return undefined;
    });
    expect(await put(stack.store, [await sign(stack, stack.subject)])).toEqual(["stored"]);
    expect(await manifestAt(stack, tagOf(stack))).toMatchObject({ manifests: { length: 2 } });
    // Ours over nothing, theirs over anything, ours over theirs.
    expect(conditions).toEqual(["*", undefined, expect.stringMatching(/^"sha256:/)]);
  });

  it("is put again where the registry ignores the condition, and a late writer dropped our entry", async () => {
    let stack: Stack | undefined;
    let drops = 2;
    let isOurs = true;
    stack = await withoutApi(async (request) => {
      if (!isTag(request) || stack === undefined || !isOurs) return undefined;
      delete request.headers["if-match"];
      delete request.headers["if-none-match"];
      if (request.method !== "GET" || drops === 0 || stack.registry.traffic.count({ method: "PUT" }) === 0)
        return undefined;
      const written = await hasTag(stack);
      if (!written) return undefined;
      drops -= 1;
      isOurs = false;
      await plant(stack, indexOf(await theirs(stack, `late ${drops}`)), [], tagOf(stack));
      isOurs = true;
      return undefined;
    });
    expect(await put(stack.store, [await sign(stack, stack.subject)])).toEqual(["stored"]);
    expect(drops).toBe(0);
    expect(await standing(stack)).toMatchObject({ counting: ["nobody"] });

    async function hasTag(there: Stack): Promise<boolean> {
      isOurs = false;
      const found = await manifestAt(there, tagOf(there));
      isOurs = true;
      return found !== undefined;
    }
  });

  it("is given up for now where others always are faster", async () => {
    const stack = await withoutApi((request) =>
      request.method === "PUT" && isTag(request) ? { status: 412, body: "{}" } : undefined,
    );
    const [answer] = await stack.store.put([{ attestation: await sign(stack, stack.subject) }], signal());
    expect(answer).toMatchObject({
      status: "failed",
      error: { code: "conflict", retryable: true, message: expect.stringContaining(tagOf(stack)) },
    });
    expect(stack.registry.traffic.requests.filter((one) => one.path.endsWith(tagOf(stack)))).toHaveLength(17);
  });

  it("ends waiting for others at the deadline", async () => {
    const stack = await withoutApi((request) =>
      request.method === "PUT" && isTag(request) ? { status: 412, body: "{}" } : undefined,
    );
    const attestation = await sign(stack, stack.subject);
    const controller = new AbortController();
    const putting = stack.store.put([{ attestation }], controller.signal);
    controller.abort(new DOMException("the deadline passed", "TimeoutError"));
    expect(await putting).toMatchObject([{ status: "failed", error: { code: "timeout", retryable: true } }]);
  });

  it("loses the entries of what is gone, where the registry refuses an index that lists it", async () => {
    const stack = await withoutApi();
    const [kept, gone] = [await theirs(stack, "kept"), await theirs(stack, "gone")];
    await plant(stack, indexOf(kept, gone), [], tagOf(stack));
    const base = `${stack.registry.url}/v2/${REPOSITORY}/manifests`;
    await fetch(`${base}/${gone.digest}`, { method: "DELETE" });
    expect(await put(stack.store, [await sign(stack, stack.subject)])).toEqual(["stored"]);
    const document = await manifestAt(stack, tagOf(stack));
    expect(document).toMatchObject({ manifests: [{ digest: kept.digest }, {}] });
    expect(document).toMatchObject({ manifests: { length: 2 } });
  });

  it("fails with what the registry says, where nothing in it is gone", async () => {
    const stack = await withoutApi((request) =>
      request.method === "PUT" && isTag(request) ? { status: 400, body: "{}" } : undefined,
    );
    const [answer] = await stack.store.put([{ attestation: await sign(stack, stack.subject) }], signal());
    expect(answer).toMatchObject({ status: "failed", error: { code: "unsupported", retryable: false } });
  });

  it("is neither read nor overwritten where the tag holds something else", async () => {
    const stack = await withoutApi();
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };
    await plant(stack, manifest, [], tagOf(stack));
    await expect(list(stack.store, stack.subject)).rejects.toMatchObject({
      code: "malformed",
      retryable: false,
      message: expect.stringContaining("delete that tag"),
    });
    const [answer] = await stack.store.put([{ attestation: await sign(stack, stack.subject) }], signal());
    expect(answer).toMatchObject({ status: "failed", error: { code: "malformed" } });
    expect(await manifestAt(stack, tagOf(stack))).toEqual(manifest);
  });

  it("is asked for at once where the registry is known to have no API, and the API again later", async () => {
    const stack = await withoutApi();
    await list(stack.store, stack.subject);
    expect(stack.took()).toEqual(["GET referrers", "GET manifests"]);
    await list(stack.store, stack.subject);
    expect(stack.took()).toEqual(["GET manifests"]);
  });
});
