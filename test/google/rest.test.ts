import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { GoogleError } from "../../lib/google/google-error.ts";
import type { Call, Rest } from "../../lib/google/rest.ts";
import { json } from "../../lib/local/server.ts";
import { refusal, restTo, type Step, scripted } from "./scripted.ts";

const purpose = {
  api: "Container Analysis",
  action: "list attestations in project p",
  permission: "containeranalysis.occurrences.list on project p",
};
const GET: Call = { purpose, method: "GET", path: "/v1/projects/p/occurrences", repeat: "always" };
const POST: Call = {
  purpose,
  method: "POST",
  path: "/v1/projects/p/occurrences",
  body: { a: 1 },
  repeat: "if-refused",
};
const OK = json(200, { fine: true });
const CUT: Step = { ...json(200, { fine: true, more: "x".repeat(1000) }), cut: true };

const unhurried = () => new AbortController().signal;

async function failureOf(call: Promise<unknown>): Promise<VoucherError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof VoucherError) return thrown;
  throw new Error(`expected a VoucherError, not ${String(thrown)}`);
}

/** Returns the port that `server` listens on until the test ends, or, with `close`, that it just left. */
async function listening(server: Server, port: number, { close = false } = {}): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  if (close) await stop();
  else onTestFinished(stop);
  return typeof address === "object" && address !== null ? address.port : port;
}

describe("a call", () => {
  it("sends its query and body as JSON, and returns the answer's JSON", async () => {
    const { requests, endpoint } = await scripted(OK);
    const answer = await restTo(endpoint).call(
      { ...POST, query: { filter: 'kind="A" AND (b)' } },
      unhurried(),
    );
    expect(answer).toEqual({ fine: true });
    const [request] = requests;
    expect(request?.method).toBe("POST");
    expect(request?.path).toBe("/v1/projects/p/occurrences");
    expect(request?.query.get("filter")).toBe('kind="A" AND (b)');
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(String(request?.body))).toEqual({ a: 1 });
  });

  it("takes an empty answer for an empty document", async () => {
    const { endpoint } = await scripted({ status: 200 });
    expect(await restTo(endpoint).call(GET, unhurried())).toEqual({});
  });

  it("shows no credentials to a local endpoint", async () => {
    const { requests, endpoint } = await scripted(OK);
    await restTo(endpoint).call(GET, unhurried());
    expect(requests[0]?.headers.authorization).toBeUndefined();
  });

  it("shows its token, and the project to count for, to any other", async () => {
    const { requests, endpoint } = await scripted(OK);
    const credentials = { accessToken: async () => "secret", quotaProject: async () => "mine" };
    await restTo({ ...endpoint, local: false }, { credentials }).call(GET, unhurried());
    expect(requests[0]?.headers.authorization).toBe("Bearer secret");
    expect(requests[0]?.headers["x-goog-user-project"]).toBe("mine");
  });

  it("keeps its connection for the next ones", async () => {
    let connections = 0;
    const server = createServer((_, response) => response.end("{}")).on("connection", () => {
      connections += 1;
    });
    const rest = restTo({ base: `http://127.0.0.1:${await listening(server, 0)}`, local: true });
    for (let at = 0; at < 10; at += 1) await rest.call(GET, unhurried());
    expect(connections).toBeLessThanOrEqual(2);
  });
});

describe("an answer that is no success", () => {
  it.each([
    [400, "INVALID_ARGUMENT", "internal", false],
    [401, "UNAUTHENTICATED", "unauthorized", false],
    [403, "PERMISSION_DENIED", "forbidden", false],
    [404, "NOT_FOUND", "not-found", false],
    [409, "ALREADY_EXISTS", "conflict", false],
    [409, "", "conflict", false],
    [409, "ABORTED", "unavailable", true],
    [429, "RESOURCE_EXHAUSTED", "unavailable", true],
    [500, "INTERNAL", "unavailable", true],
    [503, "UNAVAILABLE", "unavailable", true],
    [302, "", "refused", false],
  ])("HTTP %i %s is %s, retryable: %s", async (httpStatus, status, code, retryable) => {
    const { endpoint } = await scripted(refusal(httpStatus, status));
    const error = await failureOf(restTo(endpoint).call({ ...GET, repeat: "never" }, unhurried()));
    expect(error).toBeInstanceOf(GoogleError);
    expect(error).toMatchObject({ code, retryable, httpStatus, status });
  });

  it("says what was refused, in Google's own words, and which permission is missing", async () => {
    const { endpoint } = await scripted(refusal(403, "PERMISSION_DENIED", "the API is disabled"));
    const { message } = await failureOf(restTo(endpoint).call(GET, unhurried()));
    expect(message).toContain("Container Analysis refused to list attestations in project p");
    expect(message).toContain("the API is disabled");
    expect(message).toContain("the caller needs containeranalysis.occurrences.list on project p");
  });

  it("quotes no control characters, and no more than a few lines", async () => {
    const hostile = `red \u001b[31m\r\nnew\u202eline ${"x".repeat(10_000)}`;
    const { endpoint } = await scripted(refusal(400, "INVALID_ARGUMENT", hostile));
    const { message } = await failureOf(restTo(endpoint).call(GET, unhurried()));
    expect(message).toContain("red [31m new line");
    expect(message).not.toMatch(/\p{C}/u);
    expect(message.length).toBeLessThan(700);
  });

  it("may be no JSON at all", async () => {
    const { endpoint } = await scripted({ status: 404, body: "<html>not here</html>" });
    const error = await failureOf(restTo(endpoint).call(GET, unhurried()));
    expect(error.code).toBe("not-found");
    expect(error.message).toContain("HTTP 404");
  });

  it("does not lead elsewhere", async () => {
    const other = await scripted(OK);
    const { endpoint } = await scripted({ status: 307, headers: { location: other.endpoint.base } });
    const error = await failureOf(restTo(endpoint).call(GET, unhurried()));
    expect(error.code).toBe("refused");
    expect(other.requests).toHaveLength(0);
  });
});

const PASSING: readonly (readonly [string, Step])[] = [
  ["429", refusal(429, "RESOURCE_EXHAUSTED")],
  ["503", refusal(503, "UNAVAILABLE")],
  ["a clash of writers", refusal(409, "ABORTED")],
];
const AMBIGUOUS: readonly (readonly [string, Step])[] = [
  ["500", refusal(500, "INTERNAL")],
  ["504", refusal(504, "DEADLINE_EXCEEDED")],
  ["a reset", "drop"],
  ["a body that breaks off", CUT],
  ["half a document", { status: 200, body: '{"fine":' }],
  ["a document that is not UTF-8", { status: 200, body: Uint8Array.of(0x22, 0xff, 0x22) }],
];

describe("a call that may be repeated", () => {
  it.each([...PASSING, ...AMBIGUOUS])("is, after %s", async (_, step) => {
    const { requests, endpoint } = await scripted(step, step, OK);
    expect(await restTo(endpoint).call(GET, unhurried())).toEqual({ fine: true });
    expect(requests).toHaveLength(3);
  });

  it("is given up after four tries, with the last failure", async () => {
    const { requests, endpoint } = await scripted(refusal(503, "UNAVAILABLE", "busy"));
    const error = await failureOf(restTo(endpoint).call(GET, unhurried()));
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toContain("busy");
    expect(requests).toHaveLength(4);
  });

  it("waits as long as the server asks", async () => {
    const { endpoint } = await scripted({ ...refusal(429), headers: { "retry-after": "1" } }, OK);
    const began = performance.now();
    await restTo(endpoint).call(GET, unhurried());
    expect(performance.now() - began).toBeGreaterThan(950);
  });
});

describe("a create", () => {
  it.each(PASSING)("is repeated after %s: nothing was done", async (_, step) => {
    const { requests, endpoint } = await scripted(step, OK);
    expect(await restTo(endpoint).call(POST, unhurried())).toEqual({ fine: true });
    expect(requests).toHaveLength(2);
  });

  it.each(AMBIGUOUS)("is not repeated after %s: it may be done", async (_, step) => {
    const { requests, endpoint } = await scripted(step, OK);
    const error = await failureOf(restTo(endpoint).call(POST, unhurried()));
    expect(error.retryable).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it("is repeated where nobody listened yet", async () => {
    const server = createServer((_, response) => response.end("{}"));
    const port = await listening(createServer(), 0, { close: true });
    const call = restTo({ base: `http://127.0.0.1:${port}`, local: true }, { backOff: 500 }).call(
      POST,
      unhurried(),
    );
    await sleep(50);
    await listening(server, port);
    expect(await call).toEqual({});
  });

  it("is left to its caller where that wants to repeat it", async () => {
    const { requests, endpoint } = await scripted(refusal(503), OK);
    await failureOf(restTo(endpoint).call({ ...POST, repeat: "never" }, unhurried()));
    expect(requests).toHaveLength(1);
  });
});

describe("a server that keeps a call waiting", () => {
  const silent: Step = async () => {
    await sleep(5000, undefined, { ref: false });
    return OK;
  };
  const once = (rest: Rest, signal: AbortSignal) => failureOf(rest.call({ ...GET, repeat: "never" }, signal));

  it("is waited for as long as one try may take", async () => {
    const { endpoint } = await scripted(silent);
    const error = await once(restTo(endpoint, { timeout: 100 }), unhurried());
    expect(error).toMatchObject({ code: "timeout", retryable: true });
  });

  it("is left at the review's deadline", async () => {
    const { endpoint } = await scripted(silent);
    const error = await once(restTo(endpoint), AbortSignal.timeout(100));
    expect(error).toMatchObject({ code: "timeout", retryable: true });
  });

  it("is left when the caller gives up, and not asked again", async () => {
    const { requests, endpoint } = await scripted(silent);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const error = await failureOf(restTo(endpoint).call(GET, controller.signal));
    expect(error).toMatchObject({ code: "cancelled", retryable: false });
    expect(requests).toHaveLength(1);
  });

  it("is not asked at all by a caller that has given up", async () => {
    const { requests, endpoint } = await scripted(OK);
    const error = await failureOf(restTo(endpoint).call(GET, AbortSignal.abort()));
    expect(error.code).toBe("cancelled");
    expect(requests).toHaveLength(0);
  });
});

describe("an answer without end", () => {
  it("is read up to the limit, and harms no later call", async () => {
    const { endpoint } = await scripted(json(200, { much: "x".repeat(100_000) }), OK);
    const rest = restTo(endpoint, { largestBody: 10_000 });
    const error = await failureOf(rest.call(GET, unhurried()));
    expect(error).toMatchObject({ code: "limit", retryable: false });
    expect(await rest.call(GET, unhurried())).toEqual({ fine: true });
  });
});
