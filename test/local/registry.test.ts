import { afterEach, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { pushSample } from "../../lib/local/push.ts";
import {
  type LocalRegistry,
  type RegistryEvent,
  type RegistryOptions,
  startRegistry,
} from "../../lib/local/registry.ts";
import { demoImage, sampleImage, sampleIndex } from "../../lib/local/samples.ts";

const open: LocalRegistry[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((registry) => registry.close()));
});

async function start(options: RegistryOptions = {}): Promise<LocalRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

async function ask(registry: LocalRegistry, method: string, path: string, body?: string, headers = {}) {
  const response = await fetch(`${registry.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

function codeIn(text: string): unknown {
  return JSON.parse(text).errors[0].code;
}

const image = sampleImage({ platform: "linux/amd64", user: "10001" });
const hello = digestOf(Buffer.from("hello"));

describe("a pushed image", () => {
  it("is served by tag and by digest with the bytes and type it was pushed with", async () => {
    const registry = await start();
    const sample = demoImage();

    await pushSample(sample, { url: registry.url, repository: "team/app", tag: "v1" });

    for (const reference of ["v1", sample.root.digest, sample.root.digest.replace(":", "%3A")]) {
      const got = await ask(registry, "GET", `/v2/team/app/manifests/${reference}`);
      expect(got.status).toBe(200);
      expect(got.headers.get("content-type")).toBe(OCI_INDEX);
      expect(got.headers.get("docker-content-digest")).toBe(sample.root.digest);
      expect(digestOf(Buffer.from(got.text))).toBe(sample.root.digest);
    }
  });

  it("answers HEAD with the length and without the content", async () => {
    const registry = await start();
    await pushSample(image, { url: registry.url, repository: "app", tag: "v1" });

    const manifest = await ask(registry, "HEAD", "/v2/app/manifests/v1");
    const blob = await ask(registry, "HEAD", `/v2/app/blobs/${image.blobs[0]?.digest}`);

    expect(manifest.headers.get("content-length")).toBe(String(image.root.size));
    expect(blob.headers.get("content-length")).toBe(String(image.blobs[0]?.bytes.length));
    expect(manifest.text + blob.text).toBe("");
  });

  it("keeps the digest algorithm it was put with", async () => {
    const registry = await start();
    const sample = sampleImage({ platform: "linux/amd64", algorithm: "sha512" });

    await pushSample(sample, { url: registry.url, repository: "app" });

    const got = await ask(registry, "GET", `/v2/app/manifests/${sample.root.digest}`);
    expect(digestOf(Buffer.from(got.text), "sha512")).toBe(sample.root.digest);
  });

  it("cannot be fetched from another repository", async () => {
    const registry = await start();
    await pushSample(image, { url: registry.url, repository: "app", tag: "v1" });

    const got = await ask(registry, "GET", `/v2/other/manifests/${image.root.digest}`);

    expect([got.status, codeIn(got.text)]).toEqual([404, "MANIFEST_UNKNOWN"]);
  });

  it("is announced in Artifact Registry's format: each child by its digest, then the root with its tag", async () => {
    const events: RegistryEvent[] = [];
    const registry = await start({ announce: (event) => events.push(event) });
    const sample = sampleIndex({ images: [image] });

    await pushSample(sample, { url: registry.url, repository: "team/app", tag: "v1" });

    const name = `${registry.host}/team/app`;
    expect(events).toEqual([
      { action: "INSERT", digest: `${name}@${image.root.digest}` },
      { action: "INSERT", digest: `${name}@${sample.root.digest}`, tag: `${name}:v1` },
    ]);
  });
});

describe("a manifest that is put", () => {
  it.each([
    ["is not what its digest says", hello, JSON.stringify({ schemaVersion: 2 }), 400, "DIGEST_INVALID"],
    ["is named by an unknown algorithm", "md5:abc", "{}", 400, "DIGEST_INVALID"],
    ["is no JSON", "v1", "{", 400, "MANIFEST_INVALID"],
    ["is no object", "v1", "[]", 400, "MANIFEST_INVALID"],
    ["calls itself something else", "v1", `{"mediaType":"${OCI_INDEX}"}`, 400, "MANIFEST_INVALID"],
    [
      "names a config that is not there",
      "v1",
      `{"config":{"digest":"${hello}"}}`,
      400,
      "MANIFEST_BLOB_UNKNOWN",
    ],
    [
      "names a layer that is not there",
      "v1",
      `{"layers":[{"digest":"${hello}"}]}`,
      400,
      "MANIFEST_BLOB_UNKNOWN",
    ],
    [
      "lists a child that is not there",
      "v1",
      `{"manifests":[{"digest":"${hello}"}]}`,
      400,
      "MANIFEST_BLOB_UNKNOWN",
    ],
    ["is larger than 4 MiB", "v1", `{"a":"${"x".repeat(4 * 1024 * 1024)}"}`, 413, "SIZE_INVALID"],
  ])("is refused if it %s", async (_why, reference, body, status, code) => {
    const registry = await start();

    const answer = await ask(registry, "PUT", `/v2/app/manifests/${reference}`, body, {
      "content-type": OCI_MANIFEST,
    });

    expect([answer.status, codeIn(answer.text)]).toEqual([status, code]);
    expect((await ask(registry, "GET", `/v2/app/manifests/${reference}`)).status).not.toBe(200);
  });

  it("does not take a blob for the image that an index lists", async () => {
    const registry = await start();
    await ask(registry, "POST", `/v2/app/blobs/uploads/?digest=${hello}`, "hello");

    const child = { mediaType: OCI_MANIFEST, digest: hello, size: 5 };
    const answer = await ask(registry, "PUT", "/v2/app/manifests/v1", JSON.stringify({ manifests: [child] }));

    expect(codeIn(answer.text)).toBe("MANIFEST_BLOB_UNKNOWN");
  });
});

describe("a blob", () => {
  it("arrives whole in one request", async () => {
    const registry = await start();

    const posted = await ask(registry, "POST", `/v2/app/blobs/uploads/?digest=${hello}`, "hello");

    expect(posted.status).toBe(201);
    expect((await ask(registry, "GET", `/v2/app/blobs/${hello}`)).text).toBe("hello");
  });

  it("arrives in chunks, each of which starts where the last one ended", async () => {
    const registry = await start();
    const location = await beginUpload(registry);

    const first = await ask(registry, "PATCH", location, "hel", { "content-range": "0-2" });
    const gap = await ask(registry, "PATCH", location, "lo", { "content-range": "4-5" });
    const progress = await ask(registry, "GET", location);
    await ask(registry, "PATCH", location, "lo", { "content-range": "3-4" });
    const ended = await ask(registry, "PUT", `${location}?digest=${hello}`);

    expect([first.status, first.headers.get("range")]).toEqual([202, "0-2"]);
    expect(gap.status).toBe(416);
    expect([progress.status, progress.headers.get("range")]).toEqual([204, "0-2"]);
    expect([ended.status, ended.headers.get("docker-content-digest")]).toEqual([201, hello]);
  });

  it("is refused if it is not what its digest says", async () => {
    const registry = await start();

    const ended = await ask(registry, "PUT", `${await beginUpload(registry)}?digest=${hello}`, "hullo");

    expect([ended.status, codeIn(ended.text)]).toEqual([400, "DIGEST_INVALID"]);
    expect((await ask(registry, "GET", `/v2/app/blobs/${hello}`)).status).toBe(404);
  });

  it("is mounted from a repository that has it, and uploaded where none has", async () => {
    const registry = await start();
    await ask(registry, "POST", `/v2/app/blobs/uploads/?digest=${hello}`, "hello");

    const mounted = await ask(registry, "POST", `/v2/other/blobs/uploads/?mount=${hello}&from=app`);
    const begun = await ask(registry, "POST", `/v2/other/blobs/uploads/?mount=${image.root.digest}&from=app`);

    expect([mounted.status, begun.status]).toEqual([201, 202]);
    expect((await ask(registry, "GET", `/v2/other/blobs/${hello}`)).text).toBe("hello");
  });

  it("cannot go on in an upload that was given up", async () => {
    const registry = await start();
    const location = await beginUpload(registry);

    await ask(registry, "DELETE", location);

    const answer = await ask(registry, "PATCH", location, "hello");
    expect([answer.status, codeIn(answer.text)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
  });
});

describe("tags", () => {
  it("are listed in order and in pages", async () => {
    const registry = await start();
    for (const tag of ["c", "a", "b"]) await pushSample(image, { url: registry.url, repository: "app", tag });

    const page = await ask(registry, "GET", "/v2/app/tags/list?n=2");
    const next = /<(.+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    const rest = await ask(registry, "GET", next ?? "");

    expect(JSON.parse(page.text)).toEqual({ name: "app", tags: ["a", "b"] });
    expect(JSON.parse(rest.text)).toEqual({ name: "app", tags: ["c"] });
    expect(rest.headers.get("link")).toBeNull();
  });

  it("of a repository that is not there are an error", async () => {
    const answer = await ask(await start(), "GET", "/v2/app/tags/list");

    expect([answer.status, codeIn(answer.text)]).toEqual([404, "NAME_UNKNOWN"]);
  });
});

describe("deleting", () => {
  it("takes away a tag and announces it, and the content stays", async () => {
    const events: RegistryEvent[] = [];
    const registry = await start({ announce: (event) => events.push(event) });
    await pushSample(image, { url: registry.url, repository: "app", tag: "v1" });

    const answer = await ask(registry, "DELETE", "/v2/app/manifests/v1");

    expect(answer.status).toBe(202);
    expect(events.at(-1)).toEqual({ action: "DELETE", tag: `${registry.host}/app:v1` });
    expect((await ask(registry, "GET", "/v2/app/manifests/v1")).status).toBe(404);
    expect((await ask(registry, "GET", `/v2/app/manifests/${image.root.digest}`)).status).toBe(200);
  });

  it("takes away a manifest with its tags", async () => {
    const registry = await start();
    await pushSample(image, { url: registry.url, repository: "app", tag: "v1" });

    await ask(registry, "DELETE", `/v2/app/manifests/${image.root.digest}`);

    expect((await ask(registry, "GET", "/v2/app/manifests/v1")).status).toBe(404);
  });

  it("takes away a blob", async () => {
    const registry = await start();
    await pushSample(image, { url: registry.url, repository: "app" });

    await ask(registry, "DELETE", `/v2/app/blobs/${image.blobs[0]?.digest}`);

    const got = await ask(registry, "GET", `/v2/app/blobs/${image.blobs[0]?.digest}`);
    expect([got.status, codeIn(got.text)]).toEqual([404, "BLOB_UNKNOWN"]);
  });
});

describe("planted content", () => {
  it("is served under a digest that it does not have", async () => {
    const registry = await start();

    registry.plant("app", { digest: hello, mediaType: OCI_MANIFEST, bytes: Buffer.from("hullo") });

    expect((await ask(registry, "GET", `/v2/app/manifests/${hello}`)).text).toBe("hullo");
  });
});

describe("what is no request of this API", () => {
  it.each([
    ["GET", "/v2/", 200],
    ["GET", "/", 404],
    ["GET", "/v2/a/../../x/manifests/v1", 400],
    ["GET", "/v2/App/manifests/v1", 400],
    ["GET", "/v2/app/referrers/md5:abc", 400],
    ["DELETE", `/v2/app/referrers/${hello}`, 404],
    ["POST", "/v2/app/manifests/v1", 405],
  ])("%s %s is answered with %i", async (method, path, status) => {
    const registry = await start();

    // Not fetch, which normalises paths.
    const { request } = await import("node:http");
    const { hostname, port } = new URL(registry.url);
    const answered = await new Promise((resolve, reject) => {
      request({ hostname, port, method, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });

    expect(answered).toBe(status);
  });
});

async function beginUpload(registry: LocalRegistry): Promise<string> {
  const begun = await ask(registry, "POST", "/v2/app/blobs/uploads/");
  expect(begun.status).toBe(202);
  return begun.headers.get("location") ?? "";
}

describe("the referrers API", () => {
  const subject = { mediaType: OCI_MANIFEST, digest: hello, size: 5 };
  const empty = {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: digestOf(Buffer.from("{}")),
    size: 2,
  };
  const attached = (more: object) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: empty,
      layers: [],
      subject,
      ...more,
    });

  async function attach(registry: LocalRegistry, more: object) {
    await ask(registry, "POST", `/v2/app/blobs/uploads/?digest=${empty.digest}`, "{}");
    const body = attached(more);
    const target = `/v2/app/manifests/${digestOf(Buffer.from(body))}`;
    const put = await ask(registry, "PUT", target, body, { "content-type": OCI_MANIFEST });
    expect(put.status).toBe(201);
    return { put, digest: digestOf(Buffer.from(body)), size: body.length };
  }

  it("lists what refers to a digest, be it there or not, with artifact type and annotations", async () => {
    const registry = await start();
    const one = await attach(registry, { artifactType: "application/one", annotations: { a: "b" } });
    const two = await attach(registry, {});
    await attach(registry, { subject: { ...subject, digest: digestOf(Buffer.from("other")) } });
    expect(one.put.headers.get("oci-subject")).toBe(hello);

    const all = await ask(registry, "GET", `/v2/app/referrers/${hello}`);
    expect(all.headers.get("content-type")).toBe(OCI_INDEX);
    expect(JSON.parse(all.text)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        {
          mediaType: OCI_MANIFEST,
          digest: one.digest,
          size: one.size,
          artifactType: "application/one",
          annotations: { a: "b" },
        },
        { mediaType: OCI_MANIFEST, digest: two.digest, size: two.size, artifactType: empty.mediaType },
      ],
    });
    const some = await ask(registry, "GET", `/v2/app/referrers/${hello}?artifactType=application/one`);
    expect(some.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(JSON.parse(some.text).manifests).toHaveLength(1);
    const none = await ask(registry, "GET", `/v2/new/referrers/${hello}`);
    expect(JSON.parse(none.text).manifests).toEqual([]);
  });

  it("is not there where it is switched off, and nothing says that it is", async () => {
    const registry = await start({ referrersApi: false });
    const { put } = await attach(registry, {});
    expect(put.headers.get("oci-subject")).toBeNull();
    expect((await ask(registry, "GET", `/v2/app/referrers/${hello}`)).status).toBe(404);
  });
});

describe("a tag that several write", () => {
  it("is put only where the condition holds", async () => {
    const registry = await start();
    const write = (annotation: string, headers: object) =>
      ask(registry, "PUT", "/v2/app/manifests/v1", JSON.stringify({ schemaVersion: 2, annotation }), headers);
    expect((await write("a", { "if-match": '"sha256:x"' })).status).toBe(412);
    expect((await write("a", { "if-none-match": "*" })).status).toBe(201);
    expect((await write("b", { "if-none-match": "*" })).status).toBe(412);
    const etag = (await ask(registry, "GET", "/v2/app/manifests/v1")).headers.get("etag") ?? "";
    expect((await write("b", { "if-match": etag })).status).toBe(201);
    const stale = await write("c", { "if-match": etag });
    expect([stale.status, codeIn(stale.text)]).toEqual([412, "DENIED"]);
  });
});
