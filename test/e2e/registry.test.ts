import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { canonical, parseReference } from "../../lib/image/reference.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import { writeLayout } from "../../lib/local/layout.ts";
import { demoImage, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { dockerConfigCredentials } from "../../lib/registry/docker-config.ts";
import { createRegistry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { selfSigned } from "../support/certificate.ts";
import { voucher } from "../support/cli.ts";
import { type Guard, PASSWORD, startGuarded, USERNAME } from "../support/guarded-distribution.ts";
import { run, runOrThrow } from "../support/processes.ts";
import { startIssuer } from "../support/token-issuer.ts";
import { describeWith } from "../support/tools.ts";

const CHILD = fileURLToPath(new URL("../support/resolve-child.ts", import.meta.url));
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];
const TWO = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "10001" })),
});

describeWith(["docker-registry", "skopeo"], "CNCF Distribution", () => {
  let folder: string;
  let open: string;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-registry-"));
    open = await start("open");
    await writeLayout(demoImage(), join(folder, "demo"), "v1");
    await writeLayout(TWO, join(folder, "two"), "v1");
    await push("demo", "oci");
    await push("two", "v2s2", "--format", "v2s2");
  });

  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
    await rm(folder, { recursive: true, force: true });
  });

  async function start(name: string, guard?: Guard): Promise<string> {
    const { host, close } = await startGuarded(folder, name, guard);
    closing.push(close);
    return host;
  }

  function skopeo(...args: string[]): Promise<string> {
    return runOrThrow("skopeo", ["--insecure-policy", ...args], {
      env: { HOME: folder, XDG_RUNTIME_DIR: folder },
    });
  }

  async function push(layout: string, tag: string, ...flags: string[]): Promise<void> {
    const destination = `docker://${open}/team/app:${tag}`;
    await skopeo(
      "copy",
      "--all",
      "--dest-tls-verify=false",
      ...flags,
      `oci:${join(folder, layout)}:v1`,
      destination,
    );
  }

  async function resolve(image: string, options: RegistryOptions = {}): Promise<ResolvedImage> {
    const registry = createRegistry({ backOff: 10, ...options });
    try {
      return await registry.resolve(parseReference(image), AbortSignal.timeout(15_000));
    } finally {
      await registry.close();
    }
  }

  function platformsOf(resolved: ResolvedImage) {
    return resolved.kind === "index"
      ? resolved.images.map(({ platform }) => formatPlatform(platform))
      : resolved.kind;
  }

  describe("that is open", () => {
    it("is read: OCI, with the attestations of BuildKit passed over", async () => {
      const resolved = await resolve(`${open}/team/app:oci`);
      expect(platformsOf(resolved)).toEqual(PLATFORMS);
      expect(resolved).toMatchObject({ skipped: { length: 4 }, unresolved: [] });
    });

    it("is read: Docker schema 2, as skopeo converts it", async () => {
      const resolved = await resolve(`${open}/team/app:v2s2`);
      expect(platformsOf(resolved)).toEqual(["linux/amd64", "linux/arm64"]);
      expect(resolved.mediaType).toBe("application/vnd.docker.distribution.manifest.list.v2+json");
    });

    it.each(["oci", "v2s2"])("agrees with what skopeo reads of each platform: %s", async (tag) => {
      const { stdout } = await voucher(["resolve", `${open}/team/app:${tag}`, "--json"], { cwd: folder });
      const { image, platforms } = JSON.parse(stdout);
      const index = await skopeo(
        "inspect",
        "--raw",
        "--tls-verify=false",
        `docker://${open}/team/app:${tag}`,
      );
      expect(image).toBe(`${open}/team/app@${digestOf(Buffer.from(index))}`);
      expect(platforms.length).toBeGreaterThan(1);
      for (const { platform, digest, size, mediaType } of platforms) {
        const source = `docker://${open}/team/app@${digest}`;
        const raw = await skopeo("inspect", "--raw", "--tls-verify=false", source);
        const config = JSON.parse(await skopeo("inspect", "--config", "--raw", "--tls-verify=false", source));
        expect({ digest: digestOf(Buffer.from(raw)), size: Buffer.byteLength(raw) }).toEqual({
          digest,
          size,
        });
        expect(JSON.parse(raw).mediaType).toBe(mediaType);
        expect(platform.split("/").slice(0, 2)).toEqual([config.os, config.architecture]);
      }
    });

    it("lists its tags", async () => {
      const registry = createRegistry();
      const { tags } = await registry.list(parseReference(`${open}/team/app`), AbortSignal.timeout(15_000));
      expect([...tags].sort()).toEqual(["oci", "v2s2"]);
      await registry.close();
    });

    it("says of a tag that it does not have that it is not there, in its own words", async () => {
      await expect(resolve(`${open}/team/app:gone`)).rejects.toMatchObject({
        code: "not-found",
        message: expect.stringContaining("manifest unknown"),
      });
    });
  });

  describe("with htpasswd", () => {
    let host: string;
    beforeAll(async () => {
      host = await start("htpasswd", { htpasswd: true });
    });

    it("is signed in to with what Docker's config has", async () => {
      const path = join(folder, "config.json");
      const auth = Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64");
      await writeFile(path, JSON.stringify({ auths: { [host]: { auth } } }));

      const resolved = await resolve(`${host}/team/app:oci`, {
        credentials: dockerConfigCredentials(path, {}),
      });

      expect(platformsOf(resolved)).toEqual(PLATFORMS);
    });

    it("is written to with the same", async () => {
      const credentials = async () => ({ username: USERNAME, password: PASSWORD });
      await writeTo(host, "team/written", { credentials });
    });

    it.each([
      ["no credentials", undefined],
      ["another password", { username: USERNAME, password: "open barley" }],
    ])("is not read with %s, and the error says what to do", async (_, credentials) => {
      const resolving = resolve(`${host}/team/app:oci`, { credentials: async () => credentials });
      await expect(resolving).rejects.toMatchObject({
        code: "unauthorized",
        message: expect.stringContaining(`docker login ${host}`),
      });
    });
  });

  /** Writes as the oci store does, and takes it away again. */
  async function writeTo(host: string, repository: string, options: RegistryOptions): Promise<void> {
    const registry = createRegistry({ backOff: 10, ...options });
    const { documents } = registry;
    const signal = AbortSignal.timeout(15_000);
    const blob = Buffer.from("{}");
    const config = { mediaType: OCI_EMPTY, digest: digestOf(blob), size: blob.byteLength };
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] }),
    );
    const manifest = { bytes, mediaType: OCI_MANIFEST };
    const at = canonical(parseReference(`${host}/${repository}`), digestOf(bytes));
    try {
      await documents.shareBlob(at, blob, signal);
      await documents.shareBlob({ ...at, repository: `${repository}-2` }, blob, signal);
      await documents.putManifest(at, manifest, signal);
      expect(await documents.hasManifest(at, signal)).toBe(true);
      expect((await documents.tagged({ ...at, tag: "none" }, signal))?.digest).toBeUndefined();
      await documents.deleteManifest(at, signal);
      expect(await documents.hasManifest(at, signal)).toBe(false);
    } finally {
      await registry.close();
    }
  }

  describe("over TLS, with a certificate of a private authority", () => {
    let host: string;
    beforeAll(async () => {
      host = await start("tls", { tls: selfSigned(["127.0.0.1"]) });
    });

    async function child(env: { [name: string]: string }) {
      const options = JSON.stringify({ secure: [host] });
      const { stdout } = await run(process.execPath, [CHILD, `${host}/team/app:oci`, options], { env });
      return JSON.parse(stdout);
    }

    it("is read where NODE_EXTRA_CA_CERTS names the authority", async () => {
      const resolved = await child({ NODE_EXTRA_CA_CERTS: join(folder, "tls.crt") });
      expect(platformsOf(resolved)).toEqual(PLATFORMS);
    });

    it("is not read where nothing vouches for it, and the error says what to do", async () => {
      const { error } = await child({});
      expect(error).toMatch(new RegExp(`the certificate of ${host} is not trusted.*NODE_EXTRA_CA_CERTS`));
    });

    it("is not read over plain http, and the error says which setting helps", async () => {
      await expect(resolve(`${host}/team/app:oci`)).rejects.toThrow("registry.secure");
    });

    it("is told from an open one that is asked over TLS by mistake", async () => {
      await expect(resolve(`${open}/team/app:oci`, { secure: [open] })).rejects.toThrow("registry.insecure");
    });
  });

  describe("with token sign-in", () => {
    let host: string;
    let issuer: Awaited<ReturnType<typeof startIssuer>>;

    beforeAll(async () => {
      const certificate = selfSigned(["issuer"]);
      issuer = await startIssuer(certificate, "the issuer of this test");
      closing.push(() => issuer.close());
      const token = {
        realm: `${issuer.origin}/token`,
        service: "registry",
        issuer: "the issuer of this test",
        cert: certificate.cert,
      };
      host = await start("token", { token });
    });

    it("is read with one token for all requests", async () => {
      const before = issuer.asked.length;

      const resolved = await resolve(`${host}/team/app:oci`, { trustedRealms: [issuer.origin] });

      expect(platformsOf(resolved)).toEqual(PLATFORMS);
      expect(issuer.asked.slice(before)).toEqual([
        { scopes: ["repository:team/app:pull"], authorization: undefined },
      ]);
    });

    it("is written to with tokens for just what is done: to read, to write, to mount, to delete", async () => {
      const before = issuer.asked.length;
      await writeTo(host, "team/tokens", { trustedRealms: [issuer.origin] });
      // The registry itself names the actions in any order.
      const inOrder = (scope: string) =>
        scope.replace(/[^:]+$/, (actions) => actions.split(",").sort().join());
      const scopes = issuer.asked.slice(before).map((one) => [...one.scopes].map(inOrder).sort());
      const [own, other] = ["repository:team/tokens", "repository:team/tokens-2"];
      expect(scopes).toEqual([
        [`${own}:pull`],
        [`${own}:pull,push`],
        [`${other}:pull`],
        // That a mount also reads elsewhere, the registry says.
        [`${other}:pull,push`],
        [`${own}:pull`, `${other}:pull,push`].sort(),
        [`${own}:delete`],
      ]);
    });

    it("gets the user's credentials at its token server alone", async () => {
      const before = issuer.asked.length;
      const credentials = async () => ({ username: "user", password: "pass" });

      await resolve(`${host}/team/app:v2s2`, { credentials, trustedRealms: [issuer.origin] });

      expect(issuer.asked.slice(before).map(({ authorization }) => authorization)).toEqual([
        "Basic dXNlcjpwYXNz",
      ]);
    });

    it("is not signed in to where its token server lies inside and nobody trusts it", async () => {
      const before = issuer.asked.length;
      await expect(resolve(`${host}/team/app:oci`)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("registry.trusted_realms"),
      });
      expect(issuer.asked).toHaveLength(before);
    });

    it("lists its tags", async () => {
      const registry = createRegistry({ trustedRealms: [issuer.origin] });
      const listed = registry.list(parseReference(`${host}/team/app`), AbortSignal.timeout(15_000));
      await expect(listed).resolves.toMatchObject({ tags: { length: 2 } });
      await registry.close();
    });
  });
});
