import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createVoucherClient, type Question, type VoucherClient } from "../../lib/cli/client.ts";
import { parseServerAddress } from "../../lib/cli/client-address.ts";
import { VoucherError } from "../../lib/errors.ts";
import { parseCanonical } from "../../lib/image/reference.ts";
import { json } from "../../lib/local/server.ts";
import {
  goError,
  oldVerdict,
  type Say,
  startVoucherServer,
  type VoucherServer,
} from "../support/voucher-server.ts";

const IMAGE = `gcr.io/team/app@sha256:${"a".repeat(64)}`;
const QUESTION: Question = { image: parseCanonical(IMAGE), check: "all", verb: "check" };
const APPROVAL = oldVerdict(IMAGE, [{ name: "diy", success: true, attested: true }]);
const soon = () => AbortSignal.timeout(10_000);

interface ClientSettings {
  readonly authorization?: string;
  readonly env?: { readonly [name: string]: string };
}

function clientOf(address: string, { authorization, env = {} }: ClientSettings = {}): VoucherClient {
  const client = createVoucherClient({
    server: parseServerAddress(address),
    signIn: async () => authorization,
    userAgent: "voucher-client/test",
    env,
  });
  onTestFinished(() => client.close());
  return client;
}

async function serverThat(say: Say): Promise<VoucherServer> {
  const server = await startVoucherServer(say);
  onTestFinished(() => server.close());
  return server;
}

describe("a question to a Voucher server", () => {
  it("is Voucher's own request, signed in", async () => {
    const server = await serverThat(() => json(200, APPROVAL));
    const client = clientOf(`${server.url}/base/`, { authorization: "Basic abc" });

    const { success } = await client.ask({ ...QUESTION, check: "diy" }, soon());
    await client.ask({ ...QUESTION, verb: "verify" }, soon());

    expect(success).toBe(true);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /base/diy",
      "POST /base/all/verify",
    ]);
    expect(JSON.parse(server.requests[0]?.body.toString() ?? "")).toEqual({ image_url: IMAGE });
    expect(server.requests[0]?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "voucher-client/test",
      authorization: "Basic abc",
    });
  });

  it("has no Authorization where nobody signs in", async () => {
    const server = await serverThat(() => json(200, APPROVAL));

    await clientOf(server.url).ask(QUESTION, soon());

    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });
});

describe("a server that gives no verdict", () => {
  it.each([
    [401, "unauthorized", "username or password is incorrect"],
    [403, "forbidden", "no"],
    [404, "usage", 'check or group "all" is not active: required check(s) are not registered: all'],
    [422, "usage", "can't use URL in ImageData: reference has no digest"],
    [429, "unavailable", "slow down"],
    [500, "unavailable", "server has been misconfigured"],
    [504, "timeout", "the deadline passed"],
    [400, "malformed", "bad request"],
  ] as const)("is told by its status and its own words: %i", async (status, code, text) => {
    const server = await serverThat(() => goError(status, text));

    const asked = clientOf(server.url).ask(QUESTION, soon());

    await expect(asked).rejects.toMatchObject({ code, said: text });
    await expect(asked).rejects.toThrow(`${server.host} gave no verdict (HTTP ${status}): ${text}`);
  });

  it("is believed in nothing that it says as JSON with another status", async () => {
    const server = await serverThat(() => json(500, APPROVAL));

    await expect(clientOf(server.url).ask(QUESTION, soon())).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is believed in nothing that is not called JSON", async () => {
    const server = await serverThat(() => ({
      status: 200,
      headers: { "content-type": "text/html" },
      body: JSON.stringify(APPROVAL),
    }));

    await expect(clientOf(server.url).ask(QUESTION, soon())).rejects.toMatchObject({ code: "malformed" });
  });

  it("is quoted on one line, and not at length", async () => {
    const page = `<html>\n\u001b[2J<body>${"long ".repeat(1_000)}</body></html>`;
    const server = await serverThat(() => ({
      status: 502,
      headers: { "content-type": "text/html" },
      body: page,
    }));

    const asked = clientOf(server.url).ask(QUESTION, soon());

    await expect(asked).rejects.toThrow(/^\P{Cc}{20,700}$/u);
  });

  it("is not quoted where it says nothing", async () => {
    const server = await serverThat(() => ({ status: 502 }));

    await expect(clientOf(server.url).ask(QUESTION, soon())).rejects.toMatchObject({
      said: "HTTP 502 and not a word",
    });
  });
});

describe("a redirect", () => {
  it.each([301, 302, 307, 308])("is not followed, so that no credentials go astray: %i", async (status) => {
    const elsewhere = await serverThat(() => json(200, APPROVAL));
    const location = `${elsewhere.url}/all?token=s3cret`;
    const server = await serverThat(() => ({ status, headers: { location } }));

    const asked = clientOf(server.url, { authorization: "Basic abc" }).ask(QUESTION, soon());

    await expect(asked).rejects.toMatchObject({ code: "refused", retryable: false });
    await expect(asked).rejects.toThrow(`redirects to ${elsewhere.url} (HTTP ${status})`);
    expect(elsewhere.requests).toEqual([]);
  });
});

describe("a server that does not answer as it should", () => {
  it("is unreachable where nobody listens", async () => {
    await expect(clientOf("http://127.0.0.1:9").ask(QUESTION, soon())).rejects.toMatchObject({
      code: "network",
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it.each(["drop", "cut"] as const)("broke off, where it breaks the connection: %s", async (how) => {
    const server = await serverThat(() => (how === "drop" ? "drop" : { ...json(200, APPROVAL), cut: true }));

    await expect(clientOf(server.url).ask(QUESTION, soon())).rejects.toMatchObject({ code: "network" });
  });

  it("is waited for until the time is up, and no longer", async () => {
    const end = Promise.withResolvers<"drop">();
    const server = await serverThat(() => end.promise);
    const started = performance.now();

    const asked = clientOf(server.url).ask(QUESTION, AbortSignal.timeout(200));

    await expect(asked).rejects.toMatchObject({ code: "timeout", retryable: true });
    await expect(asked).rejects.toThrow(/--timeout/);
    expect(performance.now() - started).toBeLessThan(3_000);
    end.resolve("drop");
  });

  it("is left when whoever asks is interrupted", async () => {
    const end = Promise.withResolvers<"drop">();
    const server = await serverThat(() => end.promise);
    const interrupt = new AbortController();
    const asked = clientOf(server.url).ask(QUESTION, interrupt.signal);

    interrupt.abort(new VoucherError("cancelled", "interrupted"));

    await expect(asked).rejects.toMatchObject({ code: "cancelled", message: "interrupted" });
    end.resolve("drop");
  });

  it("is cut off where its answer has no end", async () => {
    const endless = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/json" });
      const piece = Buffer.alloc(256 * 1024, " ");
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    }).listen(0, "127.0.0.1");
    await once(endless, "listening");
    onTestFinished(() => {
      endless.close();
      endless.closeAllConnections();
    });
    const { port } = endless.address() as AddressInfo;

    const asked = clientOf(`http://127.0.0.1:${port}`).ask(QUESTION, soon());

    await expect(asked).rejects.toMatchObject({ code: "limit" });
  });
});

describe("a proxy", () => {
  it("is asked for hosts elsewhere, and never for this machine", async () => {
    const proxy = await serverThat(() => json(200, APPROVAL));
    const here = await serverThat(() => json(200, APPROVAL));
    const env = { HTTP_PROXY: proxy.url };

    await clientOf(here.url, { env }).ask(QUESTION, soon());
    expect(proxy.requests).toEqual([]);
    await clientOf("http://voucher.invalid", { env }).ask(QUESTION, soon());

    expect(proxy.requests).toHaveLength(1);
    expect(here.requests).toHaveLength(1);
  });

  it("is passed by for hosts that NO_PROXY names", async () => {
    const proxy = await serverThat(() => json(200, APPROVAL));
    const env = { HTTP_PROXY: proxy.url, NO_PROXY: "voucher.invalid" };

    await expect(clientOf("http://voucher.invalid", { env }).ask(QUESTION, soon())).rejects.toMatchObject({
      code: "network",
    });
    expect(proxy.requests).toEqual([]);
  });
});
