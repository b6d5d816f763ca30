import { once } from "node:events";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { onMessage } from "../../functions/message.ts";

const MIB = 1024 * 1024;

/** The function under the real framework; what it hands on is counted in bytes. */
async function serve(status: 204 | 503) {
  const bodies: number[] = [];
  http(
    "messages",
    onMessage(async ({ body }) => {
      bodies.push(body.byteLength);
      return status === 204
        ? { status, outcome: "attested", severity: "INFO" }
        : { status, outcome: "retry", severity: "WARNING" };
    }),
  );
  const server = getTestServer("messages").listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}`, bodies };
}

describe("a request to a function that Pub/Sub pushes to", () => {
  it.each([204, 503] as const)("is answered with what was decided about it: %d", async (status) => {
    const { url, bodies } = await serve(status);

    const response = await fetch(url, { method: "POST", body: "{}" });

    expect([response.status, await response.text(), bodies]).toEqual([status, "", [2]]);
  });

  it("is taken as large as Pub/Sub may send it, and not looked at beyond", async () => {
    const { url, bodies } = await serve(204);
    const headers = { "content-type": "application/octet-stream" };
    const post = (bytes: number) => fetch(url, { method: "POST", headers, body: Buffer.alloc(bytes, "a") });

    const [largest, larger] = [await post(16 * MIB), await post(16 * MIB + 1)];

    expect([largest.status, larger.status, bodies]).toEqual([204, 413, [16 * MIB]]);
  });

  it("is refused where it is none, so that whoever opens the address reads what it is for", async () => {
    const { url, bodies } = await serve(204);

    const response = await fetch(url);

    expect([response.status, response.headers.get("allow"), bodies]).toEqual([405, "POST", []]);
    expect(await response.text()).toContain("Pub/Sub");
  });
});
