import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "../../lib/image/reference.ts";
import { proxiesIn } from "../../lib/proxy.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";
import { type Listing, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
const PLAIN = "registry.invalid:5000";

describe("a registry that is asked through a proxy", () => {
  let server: ScriptedRegistry;
  let proxy: TestProxy;
  let image: Listing;
  const registries: Registry[] = [];

  beforeEach(async () => {
    server = await scriptedRegistry();
    image = server.image({ os: "linux", architecture: "amd64" });
    proxy = await startProxy(() => 403);
  });

  afterEach(async () => {
    await Promise.all(registries.splice(0).map((registry) => registry.close()));
    await Promise.all([server.close(), proxy.close()]);
  });

  function resolve(name: string, options: RegistryOptions = {}) {
    const registry = createRegistry({
      backOff: 1,
      proxies: proxiesIn({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url }),
      ...options,
    });
    registries.push(registry);
    return registry.resolve(parseReference(`${name}/team/app@${image.digest}`), signal);
  }

  /** Has the registry on this machine ask for a sign-in at `realm`. */
  function signInAt(realm: string): void {
    server.on("/v2/*", (_, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    });
  }

  it("is asked there for every name but those of this machine", async () => {
    expect(await resolve(server.host)).toMatchObject({ kind: "image" });
    expect(proxy.asked).toEqual([]);

    await expect(resolve("registry.invalid")).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("the proxy does not lead to registry.invalid (403)"),
    });
    expect(proxy.asked).toEqual(["registry.invalid:443"]);
  });

  it("leaves it to the proxy where a name leads, and asks no name server", async () => {
    await expect(resolve(PLAIN, { insecure: [PLAIN] })).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(proxy.asked).toEqual([`http://${PLAIN}/v2/team/app/manifests/${image.digest}`]);
  });

  it.each([
    "https://10.0.0.1/blob",
    "https://169.254.169.254/computeMetadata/v1/",
    "https://[::ffff:a00:1]/",
    "https://localhost:1/",
  ])("is not followed to %s, which is not public", async (location) => {
    const sending = await startProxy(
      () => 403,
      (_, response) => response.writeHead(307, { location }).end(),
    );
    const proxies = proxiesIn({ HTTPS_PROXY: sending.url, HTTP_PROXY: sending.url });

    await expect(resolve(PLAIN, { insecure: [PLAIN], proxies })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("leads to an address that is not public"),
    });
    expect(sending.asked).toHaveLength(1);
    await sending.close();
  });

  it.each(["https://10.0.0.1/token", "https://2130706433/token"])(
    "is not signed in to at the inward address %s",
    async (realm) => {
      signInAt(realm);
      await expect(resolve(server.host)).rejects.toMatchObject({ code: "refused" });
      expect(proxy.asked).toEqual([]);
    },
  );

  it("is signed in to at a name that the proxy leads to, or does not", async () => {
    signInAt("https://auth.invalid/token");
    await expect(resolve(server.host)).rejects.toMatchObject({
      message: expect.stringContaining("the proxy does not lead to auth.invalid (403)"),
    });
    expect(proxy.asked).toEqual(["auth.invalid:443"]);
  });

  it("is not signed in to at a name of this machine, which no proxy is asked for", async () => {
    signInAt("https://localhost:1/token");
    await expect(resolve(server.host)).rejects.toMatchObject({ code: "refused" });
    expect(proxy.asked).toEqual([]);
  });
});
