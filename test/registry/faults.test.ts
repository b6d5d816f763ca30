import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type Registry, type RegistryOptions } from "../../lib/registry/registry.ts";
import {
  answerError,
  type Handler,
  type Listing,
  type ScriptedRegistry,
  scriptedRegistry,
} from "../support/scripted-registry.ts";

const QUICK = { backOff: 1, timeouts: { connect: 500, idle: 500, answer: 800 } };
const never = new AbortController().signal;

let server: ScriptedRegistry;
let image: Listing;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  image = server.image({ os: "linux", architecture: "amd64" });
  registry = createRegistry(QUICK);
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

function resolve(signal: AbortSignal = never, options?: RegistryOptions) {
  const asked = options === undefined ? registry : createRegistry(options);
  return asked.resolve(server.name(`@${image.digest}`), signal);
}

/** Misbehaves for the first `times` requests of the manifest, then serves it. */
function misbehave(times: number, handler: Handler): void {
  let left = times;
  server.on(`/v2/team/app/manifests/${image.digest}`, (request, response) => {
    left -= 1;
    (left >= 0 ? handler : server.serve)(request, response);
  });
}

function asked(): number {
  return server.seen.filter(({ path }) => path.includes("/manifests/")).length;
}

function status(code: number, headers: { [name: string]: string } = {}): Handler {
  return (_, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answerError(response, code, "CODE", "the registry's own words");
  };
}

/** Declares more than it sends, then closes the connection. */
function halfBody(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-length": "1000" });
  response.write("{", () => response.destroy());
}

function halfChunks(_: IncomingMessage, response: ServerResponse): void {
  response.write("{", () => response.destroy());
}

function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

/** A body that never ends, byte by byte, slower than any timeout between two pieces. */
function drip(_: IncomingMessage, response: ServerResponse): void {
  const timer = setInterval(() => response.write(" "), 50);
  response.on("close", () => clearInterval(timer));
}

describe("a passing failure", () => {
  it.each([
    ["408", status(408)],
    ["500", status(500)],
    ["502", status(502)],
    ["503", status(503)],
    ["504", status(504)],
    ["a reset connection", reset],
    ["half a body", halfBody],
    ["half a chunked body", halfChunks],
    ["headers that do not come", () => {}],
    ["a body that drips in", drip],
  ])("is tried again until it has passed: %s", async (_, handler) => {
    misbehave(2, handler);

    await expect(resolve()).resolves.toMatchObject({ kind: "image" });
    expect(asked()).toBe(3);
  });

  it.each([
    ["503", status(503), "unavailable"],
    ["a reset connection", reset, "network"],
    ["half a body", halfBody, "network"],
    ["headers that do not come", () => {}, "timeout"],
    ["a body that drips in", drip, "timeout"],
  ])("is tried four times, and is retryable then: %s", async (_, handler, code) => {
    misbehave(9, handler);

    await expect(resolve()).rejects.toMatchObject({ code, retryable: true });
    expect(asked()).toBe(4);
  });

  it("of a connection that is refused is retryable, and says so", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((listening) => free.on("listening", listening));
    const address = free.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await new Promise((closed) => free.close(closed));

    const resolving = registry.resolve(parseReference(`127.0.0.1:${port}/a/b:c`), never);

    await expect(resolving).rejects.toMatchObject({
      code: "network",
      retryable: true,
      message: expect.stringMatching(/refused the connection/),
    });
  });

  it("names the image and what the registry said", async () => {
    misbehave(9, status(503));

    await expect(resolve()).rejects.toThrow(
      `can't read ${server.host}/team/app@${image.digest}: ${server.host} answered 503 (the registry's own words)`,
    );
  });
});

describe("Retry-After", () => {
  it("in seconds is waited for", async () => {
    misbehave(1, status(503, { "retry-after": "1" }));
    const start = performance.now();

    await resolve();

    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it("as a date is waited for", async () => {
    misbehave(1, status(503, { "retry-after": new Date(Date.now() + 2500).toUTCString() }));
    const start = performance.now();

    await resolve();

    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it.each([
    ["with 429", status(429, { "retry-after": "1" })],
    ["with any other status", status(503, { "retry-after": "1" })],
    ["that does not come with 429, where a second is taken,", status(429)],
  ])("%s holds back every request to that host, and fails none", async (_, handler) => {
    const other = server.image({ os: "linux", architecture: "arm64" });
    misbehave(1, handler);
    const first = resolve();
    await expect.poll(() => asked()).toBe(1);
    await new Promise((passed) => setTimeout(passed, 50));
    const start = performance.now();

    await registry.resolve(server.name(`@${other.digest}`), never);

    expect(performance.now() - start).toBeGreaterThan(800);
    await expect(first).resolves.toMatchObject({ kind: "image" });
  });

  it("holds back no other host", async () => {
    const other = await scriptedRegistry();
    const { digest } = other.image({ os: "linux", architecture: "amd64" });
    misbehave(1, status(429, { "retry-after": "30" }));
    const controller = new AbortController();
    const first = resolve(controller.signal);
    await expect.poll(() => asked()).toBe(1);

    await expect(registry.resolve(other.name(`@${digest}`), never)).resolves.toMatchObject({ kind: "image" });

    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "cancelled" });
    await other.close();
  });

  it("beyond the deadline ends in a retryable error that says what was waited for", async () => {
    misbehave(9, status(429, { "retry-after": "3600" }));

    await expect(resolve(AbortSignal.timeout(200))).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    });
  });
});

describe("a failure that does not pass", () => {
  it.each([
    [400, "unsupported", /answered 400/],
    [401, "unauthorized", /docker login/],
    [403, "forbidden", /docker login/],
    [404, "not-found", /check its name/],
    [405, "unsupported", /answered 405/],
    [501, "unavailable", /answered 501/],
  ])("with status %d is asked once, and says what to do", async (code, errorCode, message) => {
    misbehave(9, status(code));

    await expect(resolve()).rejects.toMatchObject({
      code: errorCode,
      retryable: false,
      message: expect.stringMatching(message),
    });
    expect(asked()).toBe(1);
  });

  it("carries the registry's words without what could upset a terminal, and not all of them", async () => {
    misbehave(9, (_, response) =>
      answerError(response, 404, "X", `\u001b[2J\r\nINFO all is well \u202e${"x".repeat(9000)}`),
    );

    const error: unknown = await resolve().catch((thrown: unknown) => thrown);

    const message = error instanceof VoucherError ? error.message : "";
    expect(message).toContain("[2J INFO all is well");
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(message.length).toBeLessThan(800);
  });

  it.each([
    ["no JSON", "<html>not here</html>"],
    ["JSON of another shape", '{"errors":"none"}'],
    ["errors of another shape", '{"errors":[null,1,{"message":2}]}'],
    ["more than an error may have", "x".repeat(70_000)],
  ])("is told apart by its status alone where its body is %s", async (_, body) => {
    misbehave(9, (__, response) => void response.writeHead(404).end(body));
    await expect(resolve()).rejects.toMatchObject({ code: "not-found" });
  });

  it("is an unknown host: the error names it", async () => {
    const resolving = createRegistry(QUICK).resolve(
      parseReference("registry.invalid/a/b:c"),
      AbortSignal.timeout(5000),
    );
    await expect(resolving).rejects.toThrow("registry.invalid");
  });
});

describe("an aborted signal", () => {
  it("ends everything at once, and leaves nothing open at the server", async () => {
    const index = server.index([image, server.image({ os: "linux", architecture: "arm64" })]);
    const open = new Set<ServerResponse>();
    server.on("/v2/team/app/blobs/*", (_, response) => {
      open.add(response);
      response.on("close", () => open.delete(response));
    });
    const controller = new AbortController();
    const resolving = createRegistry().resolve(server.name(`@${index.digest}`), controller.signal);
    await expect.poll(() => open.size).toBe(2);
    const start = performance.now();

    controller.abort();

    await expect(resolving).rejects.toMatchObject({ code: "cancelled" });
    expect(performance.now() - start).toBeLessThan(200);
    await expect.poll(() => open.size).toBe(0);
  });

  it("keeps a request from being made at all", async () => {
    await expect(resolve(AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
    expect(server.seen).toHaveLength(0);
  });

  it("means its own reason where that is a VoucherError", async () => {
    server.on("/v2/*", () => {});
    const controller = new AbortController();
    const reason = new VoucherError("timeout", "the review took more than 240 s", { retryable: true });
    const resolving = resolve(controller.signal);
    await expect.poll(() => server.seen.length).toBe(1);
    controller.abort(reason);

    await expect(resolving).rejects.toBe(reason);
  });

  it("is a retryable timeout where a deadline passed", async () => {
    server.on("/v2/*", () => {});
    await expect(resolve(AbortSignal.timeout(50), {})).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
    });
  });

  it("of one caller does not fail another who wants the same", async () => {
    const release = Promise.withResolvers<void>();
    server.on(`/v2/team/app/manifests/${image.digest}`, async (request, response) => {
      await release.promise;
      server.serve(request, response);
    });
    const patient = createRegistry();
    const leaving = new AbortController();
    const name = server.name(`@${image.digest}`);
    const left = patient.resolve(name, leaving.signal);
    const stayed = patient.resolve(name, never);
    await expect.poll(() => asked()).toBe(1);

    leaving.abort();

    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    release.resolve();
    await expect(stayed).resolves.toMatchObject({ kind: "image" });
    expect(asked()).toBe(1);
    await patient.close();
  });
});
