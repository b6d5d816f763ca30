import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { json, type LocalServer, listen, Refusal, type ServerOptions } from "../../lib/local/server.ts";

const open: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<LocalServer> {
  const server = await listen(
    {
      kindOf: ({ path }) => path.slice(1),
      answer: ({ body }) => {
        if (body.toString() === "fault") throw new TypeError("a fault");
        return json(200, { read: body.length });
      },
      refuse: ({ status, message }) => json(status, { message }),
    },
    options,
  );
  open.push(server);
  return server;
}

describe("what an embedded server saw", () => {
  it("is counted by method and kind, until it is reset", async () => {
    const server = await start();

    await fetch(`${server.url}/cats`);
    await fetch(`${server.url}/cats`, { method: "POST", body: "x" });
    await fetch(`${server.url}/dogs?a=b`);

    const { traffic } = server;
    expect(traffic.count()).toBe(3);
    expect(traffic.count({ kind: "cats" })).toBe(2);
    expect(traffic.count({ method: "GET" })).toBe(2);
    expect(traffic.count({ method: "GET", kind: "cats" })).toBe(1);
    expect(traffic.requests.map(({ path }) => path)).toEqual(["/cats", "/cats", "/dogs"]);
    traffic.reset();
    expect([traffic.count(), traffic.requests.length]).toEqual([0, 0]);
  });

  it("tells how many requests were there at once", async () => {
    const server = await start({
      before: async () => {
        await sleep(50);
        return undefined;
      },
    });

    await Promise.all([1, 2, 3].map(() => fetch(`${server.url}/cats`)));

    expect(server.traffic.peak).toBe(3);
  });
});

describe("a test that looks at requests before the server does", () => {
  it("can answer in its place", async () => {
    const server = await start({ before: ({ path }) => (path === "/dogs" ? json(503, {}) : undefined) });

    expect((await fetch(`${server.url}/dogs`)).status).toBe(503);
    expect((await fetch(`${server.url}/cats`)).status).toBe(200);
  });

  it("can refuse as the server would", async () => {
    const server = await start({
      before: () => {
        throw new Refusal(429, "slow down");
      },
    });

    const response = await fetch(`${server.url}/cats`);

    expect([response.status, await response.json()]).toEqual([429, { message: "slow down" }]);
  });

  it("can break the connection before an answer", async () => {
    const server = await start({ before: () => "drop" });

    await expect(fetch(`${server.url}/cats`)).rejects.toThrow("fetch failed");
    expect(server.traffic.count()).toBe(1);
  });

  it("can break the connection in the middle of the body", async () => {
    const server = await start({ before: () => ({ ...json(200, { long: "x".repeat(1000) }), cut: true }) });

    const response = await fetch(`${server.url}/cats`);

    expect(response.headers.get("content-length")).toBe("1011");
    await expect(response.text()).rejects.toThrow();
  });
});

describe("an embedded server", () => {
  it("answers a fault of its own with 500 and lives on", async () => {
    const server = await start();

    const response = await fetch(`${server.url}/cats`, { method: "POST", body: "fault" });

    expect([response.status, await response.json()]).toEqual([500, { message: "TypeError: a fault" }]);
    expect((await fetch(`${server.url}/cats`)).status).toBe(200);
  });

  it("refuses a body over 64 MiB", async () => {
    const server = await start();

    const response = await fetch(`${server.url}/cats`, {
      method: "POST",
      body: Buffer.alloc(64 * 1024 * 1024 + 1),
    });

    expect(response.status).toBe(413);
  });

  it("closes while a request is still waiting", async () => {
    const server = await start({ before: () => new Promise(() => undefined) });
    const waiting = fetch(`${server.url}/cats`).catch((error: unknown) => error);
    while (server.traffic.count() === 0) await sleep(5);

    await server.close();

    expect(await waiting).toBeInstanceOf(Error);
  });

  it("says so where its port is taken", async () => {
    const { host } = await start();
    const port = Number(host.split(":")[1]);

    await expect(start({ port })).rejects.toMatchObject({
      code: "usage",
      message: `can't listen on 127.0.0.1:${port}; choose another port`,
    });
  });
});
