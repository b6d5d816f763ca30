import { once } from "node:events";
import { request } from "node:http";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { onWebhook } from "../../functions/on-webhook.ts";
import type { WebhookAnswer } from "../../lib/delivery/deliver-webhook.ts";

const MIB = 1024 * 1024;

/** The function under the real framework, which answers `answer`; what it was asked is kept. */
async function serve(answer: WebhookAnswer = { status: 204 }) {
  const asked: { readonly source: string; readonly body: string; readonly type: unknown }[] = [];
  http(
    "webhooks",
    onWebhook({
      async deliverWebhook({ source, headers, body }) {
        const text = body.byteLength > 100 ? `${body.byteLength} bytes` : Buffer.from(body).toString();
        asked.push({ source, body: text, type: headers["content-type"] });
        return answer;
      },
    }),
  );
  const server = getTestServer("webhooks").listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, asked };
}

const post = (url: string, body: string | Uint8Array, type = "application/json") =>
  fetch(url, { method: "POST", headers: { "content-type": type }, body: Buffer.from(body) });

describe("a request to the function for webhooks", () => {
  it.each(["/harbor", "/harbor/", "/harbor?x=1"])("names its source by its path: %s", async (path) => {
    const { url, asked } = await serve();

    const response = await post(`${url}${path}`, "{}");

    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(asked).toEqual([{ source: "harbor", body: "{}", type: "application/json" }]);
  });

  it.each([
    "application/json",
    "application/cloudevents+json",
    "application/vnd.docker.distribution.events.v2+json",
    "application/x-www-form-urlencoded",
    "text/plain",
  ])("has the bytes of its body kept as they came, whatever it is said to be: %s", async (type) => {
    const { url, asked } = await serve();

    await post(`${url}/github`, '{ "a" : 1 }', type);

    expect(asked).toEqual([{ source: "github", body: '{ "a" : 1 }', type }]);
  });

  it("may say nothing of its body", async () => {
    const { port, asked } = await serve();

    const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/generic" });
    sent.end('{"image":"x"}');
    const [response] = await once(sent, "response");
    response.resume();

    expect(response.statusCode).toBe(204);
    expect(asked).toEqual([{ source: "generic", body: '{"image":"x"}', type: undefined }]);
  });

  it("is answered 400 by the framework where its body is called JSON and is none", async () => {
    const { url, asked } = await serve();

    expect([(await post(`${url}/harbor`, "{")).status, asked]).toEqual([400, []]);
  });

  it("is answered with one sentence where it is refused, and with what it lacks", async () => {
    const { url } = await serve({ status: 401, reason: "no secret", challenge: 'Bearer realm="voucher"' });

    const response = await post(`${url}/harbor`, "{}");

    expect([response.status, await response.text()]).toEqual([401, "no secret\n"]);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="voucher"');
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });

  it.each([404, 503] as const)("is answered %d as it was decided", async (status) => {
    const { url } = await serve({ status, reason: "because" });

    const response = await post(`${url}/harbor`, "{}");

    expect([response.status, await response.text()]).toEqual([status, "because\n"]);
  });

  it.each(["/", "/a/b", "/%2e%2e%2fharbor", "/%ff"])("names no source by another path: %s", async (path) => {
    const { url, asked } = await serve();

    await post(`${url}${path}`, "{}");

    expect(asked.map(({ source }) => source)).not.toContain("harbor");
  });

  it("has to be a POST", async () => {
    const { url, asked } = await serve();

    const response = await fetch(`${url}/harbor`);

    expect([response.status, response.headers.get("allow"), asked]).toEqual([405, "POST", []]);
    expect(await response.text()).toBe("webhooks are served at POST /{source}\n");
  });

  it.each(["application/vnd.docker.distribution.events.v2+json", undefined])(
    "is read up to 8 MiB, and not looked at beyond: %s",
    async (type) => {
      const { port, asked } = await serve();
      const send = async (bytes: number) => {
        const headers = { "content-length": bytes, ...(type === undefined ? {} : { "content-type": type }) };
        const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/distribution", headers });
        sent.on("error", () => {}); // the rest of what is too large is not taken
        sent.end(Buffer.alloc(bytes, " "));
        const [response] = await once(sent, "response");
        response.resume();
        return response.statusCode;
      };

      const statuses = [await send(8 * MIB), await send(8 * MIB + 1)];

      expect(statuses).toEqual([204, 413]);
      expect(asked.map(({ body }) => body)).toEqual([`${8 * MIB} bytes`]);
    },
  );
});
