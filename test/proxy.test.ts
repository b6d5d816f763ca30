import undici from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, json, listen } from "../lib/local/server.ts";
import { createWays, proxiesIn, proxyFault, type Ways } from "../lib/proxy.ts";
import { freePort } from "./support/processes.ts";
import { type Lead, startProxy } from "./support/proxy.ts";

const closing: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function proxy(lead: Lead) {
  const started = await startProxy(lead);
  closing.push(started);
  return started;
}

async function server(answer: Answer = json(200, { from: "the host itself" })) {
  const started = await listen({ kindOf: () => "any", refuse: () => answer, answer: () => answer });
  closing.push(started);
  return started;
}

function ways(env: { readonly [name: string]: string }): Ways {
  const opened = createWays(undici, {}, proxiesIn(env));
  closing.push({ close: () => opened.destroy() });
  return opened;
}

async function get(by: Ways, address: string): Promise<string> {
  const { host, origin, pathname: path } = new URL(address);
  const { body } = await by.to(host).request({ origin, path, method: "GET" });
  return body.text();
}

const faultOf = (asking: Promise<unknown>) =>
  asking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("the proxies of an environment", () => {
  it("are none where none is named", () => {
    expect(proxiesIn({ NO_PROXY: "a", HTTPS_PROXY: "" })).toBeUndefined();
  });

  it("are read in small letters before capitals, and without a scheme as http", () => {
    const env = { https_proxy: "http://small:1", HTTPS_PROXY: "http://capital:1", HTTP_PROXY: "bare:3128" };
    expect(proxiesIn({ ...env, NO_PROXY: "a,b" })).toEqual({
      https: "http://small:1/",
      http: "http://bare:3128/",
      except: "a,b",
    });
  });

  it.each(["socks5://user:s3cret@proxy:1", "http://", "http://user:s3cret@proxy:port"])(
    "are refused where they are none, and not repeated: %s",
    (HTTPS_PROXY) => {
      expect(() => proxiesIn({ HTTPS_PROXY })).toThrow(
        expect.objectContaining({
          code: "config",
          message: "HTTPS_PROXY is no address of a proxy; write http://HOST:PORT",
        }),
      );
    },
  );
});

describe("a request by way of a proxy", () => {
  it("never goes to this machine, whatever NO_PROXY says", async () => {
    const [{ url, asked }, here] = [await proxy(() => 403), await server()];
    const by = ways({ HTTPS_PROXY: url, HTTP_PROXY: url });

    expect(await get(by, here.url)).toContain("the host itself");
    expect(await get(by, here.url.replace("127.0.0.1", "localhost"))).toContain("the host itself");
    expect(asked).toEqual([]);
  });

  it("is handed over whole where it is plain http", async () => {
    const { url, asked } = await proxy(() => 403);
    expect(await get(ways({ HTTP_PROXY: url }), "http://host.invalid/path")).toBe("{}");
    expect(asked).toEqual(["http://host.invalid/path"]);
  });

  it("is led by a tunnel where it is https, by HTTP_PROXY too where that is the only one", async () => {
    const { url, asked } = await proxy(() => 403);
    await faultOf(get(ways({ HTTPS_PROXY: url }), "https://one.invalid/"));
    await faultOf(get(ways({ HTTP_PROXY: url }), "https://two.invalid:8443/"));
    expect(asked).toEqual(["one.invalid:443", "two.invalid:8443"]);
  });

  it("passes the proxy by for the hosts of NO_PROXY, and those below them", async () => {
    const { url, asked } = await proxy(() => 403);
    const by = ways({ HTTPS_PROXY: url, NO_PROXY: "one.invalid, two.invalid" });
    for (const host of ["one.invalid", "a.two.invalid", "three.invalid"])
      await faultOf(get(by, `https://${host}/`));
    expect(asked).toEqual(["three.invalid:443"]);
  });

  it("signs in to the proxy by its address, and shows the host nothing of that", async () => {
    const { url, authorization } = await proxy(() => 403);
    await faultOf(get(ways({ HTTPS_PROXY: url.replace("//", "//user:s3cret@") }), "https://one.invalid/"));
    expect(authorization()).toBe(`Basic ${Buffer.from("user:s3cret").toString("base64")}`);
  });

  it("that does not answer is a fault of the proxy, and says so without its password", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    for (const [variable, asked] of [
      ["HTTPS_PROXY", "https://one.invalid/"],
      ["HTTP_PROXY", "http://one.invalid/"],
    ] as const) {
      const by = ways({ [variable]: `http://user:s3cret@${address}` });
      expect(await faultOf(get(by, asked))).toMatchObject({
        code: "network",
        retryable: true,
        message: `the proxy http://${address} cannot be reached (ECONNREFUSED); HTTPS_PROXY or HTTP_PROXY names it`,
      });
    }
  });

  it.each([
    [403, "refused", false, "the proxy does not lead to one.invalid (403); have it allowed there, or name"],
    [407, "unauthorized", false, "the proxy wants a sign-in for one.invalid (407); write user name and"],
    [502, "network", true, "the proxy found no way to one.invalid (502)"],
  ])("that is refused with %i is %s", async (status, code, retryable, words) => {
    const { url } = await proxy(() => status);
    const fault = await faultOf(get(ways({ HTTPS_PROXY: url }), "https://one.invalid/"));
    expect(proxyFault(fault, "one.invalid")).toMatchObject({
      code,
      retryable,
      message: expect.stringContaining(words),
    });
  });
});

it("a fault that is no proxy's stays as it is", () => {
  const fault = new Error("other side closed");
  expect(proxyFault(fault, "host")).toBe(fault);
  expect(proxyFault("text", "host")).toBe("text");
});
