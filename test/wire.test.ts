import { getEventListeners, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Agent } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ExchangeOptions, exchange, TooLate } from "../lib/wire.ts";

const NEVER = new AbortController().signal;

/** A server that `answer`s, and an exchange with it. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const agent = new Agent({ connections: 1 });
  onTestFinished(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const ask = (options: Partial<ExchangeOptions> = {}, body: string | null = null) =>
    exchange(
      agent,
      { origin: `http://127.0.0.1:${address.port}`, path: "/", method: body === null ? "GET" : "POST", body },
      { signal: NEVER, timeout: 5_000, most: () => 1_000, ...options },
    );
  return { ask, server };
}

describe("an exchange", () => {
  it("returns the status, the headers and the body of any answer", async () => {
    const { ask } = await serve((request, response) => {
      response.writeHead(418, { "x-method": request.method ?? "" });
      request.pipe(response);
    });

    const { status, headers, bytes } = await ask({}, "over and out");

    expect([status, headers["x-method"], Buffer.from(bytes ?? []).toString()]).toEqual([
      418,
      "POST",
      "over and out",
    ]);
  });

  it("puts a body together that comes in many pieces, and keeps none of what lay around it", async () => {
    const { ask } = await serve(async (_, response) => {
      for (let piece = 0; piece < 100; piece += 1) {
        response.write(`${piece % 10}`);
        await pause(1);
      }
      response.end();
    });

    const { bytes } = await ask();

    expect(Buffer.from(bytes ?? []).toString()).toBe("0123456789".repeat(10));
    expect(bytes?.buffer.byteLength).toBe(100);
  });

  it("keeps a short body apart from the headers that it arrived with", async () => {
    const { ask } = await serve((_, response) =>
      response.writeHead(200, { "x-long": "x".repeat(8_000) }).end("short"),
    );

    const { bytes } = await ask();

    expect([Buffer.from(bytes ?? []).toString(), bytes?.buffer.byteLength]).toEqual(["short", 5]);
  });

  it("takes as much as is wanted to the byte, and reads no more than that", async () => {
    const { ask } = await serve((_, response) => response.end("x".repeat(1_000)));

    const [all, less] = [await ask(), await ask({ most: () => 999 })];

    expect([all.bytes?.byteLength, less.bytes, less.status]).toEqual([1_000, undefined, 200]);
  });

  it("believes no length that was not stated, and stops in the middle of a body without end", async () => {
    const { ask, server } = await serve((_, response) => {
      const more = () => {
        if (response.write("x".repeat(100))) setImmediate(more);
      };
      more();
    });
    const closed = once(server, "connection").then(([socket]) => once(socket, "close"));

    expect((await ask()).bytes).toBeUndefined();
    await closed;
  });

  it("asks how much is wanted by the head, and throws what that throws", async () => {
    const { ask } = await serve((_, response) => response.writeHead(200, { "x-odd": "yes" }).end("body"));

    const asked = ask({
      most: (status, headers) => {
        throw new Error(`${status} ${headers["x-odd"]}`);
      },
    });

    await expect(asked).rejects.toThrow("200 yes");
  });

  it("ends when the answer takes too long, however steadily it drips in", async () => {
    const { ask } = await serve((_, response) => {
      const drip = setInterval(() => response.write("."), 10);
      response.once("close", () => clearInterval(drip));
    });

    await expect(ask({ timeout: 100 })).rejects.toBeInstanceOf(TooLate);
  });

  it.each(["before it began", "before the head", "within the body"])(
    "ends with the reason of its signal, given %s",
    async (moment) => {
      const { ask } = await serve((_, response) => {
        if (moment === "within the body") response.write("half");
      });
      const stop = new AbortController();
      const reason = new Error("enough");
      if (moment === "before it began") stop.abort(reason);
      else setTimeout(() => stop.abort(reason), 50);

      await expect(ask({ signal: stop.signal })).rejects.toBe(reason);
    },
  );

  it("that is given up while it waits for a connection is never sent", async () => {
    let requests = 0;
    const { ask } = await serve((_, response) => {
      requests += 1;
      setTimeout(() => response.end("done"), 100);
    });
    const stop = new AbortController();
    const first = ask();
    const second = ask({ signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 20);

    await expect(second).rejects.toThrow("enough");
    await first;
    await pause(50);

    expect(requests).toBe(1);
    expect((await ask()).status).toBe(200);
  });

  it("throws what undici does where the connection breaks", async () => {
    const { ask } = await serve((request) => request.socket.destroy());

    await expect(ask()).rejects.toMatchObject({ code: "UND_ERR_SOCKET" });
  });

  it("leaves nothing on a signal that outlives it", async () => {
    const { ask } = await serve((_, response) => response.end("done"));
    const { signal } = new AbortController();

    await ask({ signal });

    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
