import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { connectTo } from "../support/named-servers.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const HOSTS = ["gcr.io", "europe-docker.pkg.dev"];
const certificate = selfSigned([...HOSTS, "registry.example"]);
const A = `sha256:${"a".repeat(64)}`;
const B = `sha512:${"b".repeat(128)}`;
let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry(certificate);
  const connect = connectTo({
    "gcr.io": server,
    "europe-docker.pkg.dev": server,
    "registry.example": server,
  });
  registry = createRegistry({ connect, backOff: 1, google: { accessToken: async () => "token" } });
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

function list(page: unknown, host = "gcr.io") {
  server.on("/v2/team/app/tags/list*", (_, response) => void response.end(JSON.stringify(page)));
  return registry.list(parseReference(`${host}/team/app`), signal);
}

describe("the manifests of a repository on a host of Google's", () => {
  it.each(HOSTS)("are listed with their tags and upload times, the untagged ones too: %s", async (host) => {
    const listing = await list(
      {
        name: "team/app",
        tags: ["v1", "latest"],
        child: [],
        manifest: {
          // Container Registry writes strings, Artifact Registry numbers.
          [A]: {
            imageSizeBytes: "10",
            mediaType: "x",
            tag: ["v1", "latest"],
            timeUploadedMs: "1700000000000",
          },
          [B]: { tag: [], timeUploadedMs: 1_700_000_001_000 },
        },
      },
      host,
    );

    expect(listing).toEqual({
      tags: ["v1", "latest"],
      manifests: [
        { digest: A, tags: ["v1", "latest"], uploadedAt: new Date(1_700_000_000_000) },
        { digest: B, tags: [], uploadedAt: new Date(1_700_000_001_000) },
      ],
    });
  });

  it("are asked for in one answer, without a number that could cut it short", async () => {
    await list({ tags: [], manifest: {} });

    expect(server.seen.map(({ path }) => path)).toEqual(["/v2/team/app/tags/list"]);
  });

  it.each([[{}], [{ timeUploadedMs: "soon" }], [{ timeUploadedMs: "0", tag: null }]])(
    "have no upload time where it is said as %j",
    async (manifest) => {
      const { manifests } = await list({ tags: [], manifest: { [A]: manifest } });

      expect(manifests).toEqual([{ digest: A, tags: [] }]);
    },
  );

  it("are none where the answer has no list of them", async () => {
    await expect(list({ tags: ["v1"] })).resolves.toEqual({ tags: ["v1"], manifests: [] });
  });

  it.each([
    ["no map", []],
    ["a digest that is none", { "sha256:../../x": {} }],
    ["a tag that no image can have", { [A]: { tag: ["../x"] } }],
    ["a number for a tag", { [A]: { tag: [1] } }],
  ])("are refused where there is %s", async (_, manifest) => {
    await expect(list({ tags: [], manifest })).rejects.toMatchObject({ code: "malformed" });
  });

  it("are not believed of any other host", async () => {
    const listing = await list({ tags: ["v1"], manifest: { [A]: { tag: ["v1"] } } }, "registry.example");

    expect(listing).toEqual({ tags: ["v1"] });
  });
});

describe("the digest that a tag names", () => {
  it("is that of its verified content, at one request", async () => {
    const image = server.image({ os: "linux", architecture: "amd64" }, { tag: "v1" });

    const digest = await registry.digestOf(parseReference("gcr.io/team/app:v1"), signal);

    expect(digest).toBe(image.digest);
    expect(server.seen).toHaveLength(1);
  });
});
