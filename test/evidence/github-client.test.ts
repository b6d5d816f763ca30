import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type Answer, type Before, json } from "../../lib/local/server.ts";
import { type AskingOptions, asking, failureOf, HEAD, URL, withHead } from "./github-asking.ts";

type Step = Answer | "drop";
const FOUND = { repositories: [withHead({})] };

/** Answers by the steps, one a request, and by itself afterwards. */
function steps(...answers: readonly Step[]): Before {
  const left = [...answers];
  return () => left.shift();
}

/** Always answers so. */
const always = (step: Step, options: Partial<AskingOptions> = {}) =>
  asking({ ...FOUND, before: () => step, ...options });

const says = (status: number, message: string, headers: { readonly [name: string]: string } = {}) =>
  json(status, { message, documentation_url: "https://docs.github.com" }, headers);
const errors = (error: object, data: unknown = { repository: null }, headers = {}) =>
  json(200, { data, errors: [{ message: "no", path: ["repository"], ...error }] }, headers);
const soon = { "retry-after": "0" };
const spent = (seconds: number) => ({
  "x-ratelimit-remaining": "0",
  "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + seconds),
});

describe("an answer that asking again cannot change", () => {
  it.each([
    [says(401, "Bad credentials"), "unauthorized", "renew the secret repositories.<alias>"],
    [says(403, "Resource not accessible"), "forbidden", "read contents, pull requests, checks"],
    [says(404, "Not Found"), "not-found", "github.endpoint"],
    [says(301, "Moved", { location: "https://elsewhere.example" }), "unsupported", "github.endpoint"],
    [says(422, "Unprocessable"), "unsupported", "github.endpoint"],
    [{ status: 204 }, "unsupported", "github.endpoint"],
    [errors({ type: "NOT_FOUND" }), "not-found", "acme/app exists"],
    [errors({ type: "FORBIDDEN" }), "forbidden", "read contents, pull requests, checks"],
    [errors({ type: "INSUFFICIENT_SCOPES" }), "forbidden", "read contents, pull requests, checks"],
    [errors({ type: "FORBIDDEN", extensions: { saml_failure: true } }), "forbidden", "single sign-on"],
    [errors({ extensions: { code: "undefinedField" } }), "unsupported", "too old"],
    [errors({ type: "MAX_NODE_LIMIT_EXCEEDED" }), "unsupported", "too old"],
  ] as const)("is not asked for again, and says what to do: %j", async (step, code, advice) => {
    const { fake, failure } = await always(step);
    const error = await failure();
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.message).toContain(advice);
    expect(fake.requests).toHaveLength(1);
  });

  it("quotes GitHub's own words, on one line and without control characters", async () => {
    const { failure } = await always(says(403, `read\u001b[31m\nonly ${"x".repeat(10_000)}`));
    const { message } = await failure();
    expect(message).toContain("read [31m only");
    expect(message).not.toMatch(/\p{C}/u);
    expect(message.length).toBeLessThan(800);
  });

  it("names the commit", async () => {
    const { failure } = await always(says(401, "Bad credentials"));
    expect((await failure()).message).toContain(`acme/app@${HEAD}`);
  });
});

describe("a passing failure", () => {
  it.each([
    ["500", says(500, "oops")],
    ["502 without JSON", { status: 502, body: "<html>Unicorn!</html>" }],
    ["503 with a time", says(503, "later", soon)],
    ["408", says(408, "slow")],
    ["429", says(429, "too many", soon)],
    ["a secondary limit", says(403, "You have exceeded a secondary rate limit.", soon)],
    ["a secondary limit in other words", says(403, "slow down", soon)],
    ["a query limit that lifts", errors({ type: "RATE_LIMITED" }, null, { ...soon })],
    ["the same by its newer name", errors({ type: "RATE_LIMIT" }, null, { ...soon })],
    ["a secondary limit among the errors", errors({ message: "a secondary rate limit" }, null, soon)],
    [
      "GitHub's own time limit",
      errors({ message: "Something went wrong while executing your query." }, null),
    ],
    ["a connection that breaks", "drop" as const],
    ["an answer that breaks off", { ...json(200, { data: "x".repeat(1000) }), cut: true }],
  ])("is tried again: %s", async (_, step) => {
    const { fake, commit } = await asking({ ...FOUND, before: steps(step, step) });
    expect(await commit()).toMatchObject({ position: "head" });
    expect(fake.requests).toHaveLength(3);
  });

  it("is given up after four tries, as one that may pass", async () => {
    const { fake, failure } = await always(says(502, "Bad Gateway"));
    const error = await failure();
    expect(error).toMatchObject({ code: "unavailable", retryable: true });
    expect(error.message).toContain("HTTP 502: Bad Gateway");
    expect(fake.requests).toHaveLength(4);
  });

  it("is waited out for as long as GitHub asks", async () => {
    const { commit } = await asking({ ...FOUND, before: steps(says(429, "wait", { "retry-after": "1" })) });
    const began = performance.now();
    await commit();
    expect(performance.now() - began).toBeGreaterThan(950);
  });
});

describe("a limit that lifts later than in half a minute", () => {
  it.each([
    ["by HTTP 403", () => says(403, "API rate limit exceeded", spent(1800))],
    ["by HTTP 429", () => says(429, "API rate limit exceeded", { "retry-after": "1800" })],
    ["without a time", () => says(403, "You have exceeded a secondary rate limit.")],
    ["by a GraphQL error", () => errors({ type: "RATE_LIMITED" }, null, spent(1800))],
  ])("is not waited for, and nobody asks before it lifts: %s", async (_, step) => {
    const { fake, failure } = await always(step());
    const first = await failure();
    expect(first).toMatchObject({ code: "unavailable", retryable: true });
    expect(first.message).toMatch(/may be asked again at \d{4}-\d\d-\d\dT/);
    expect(await failure()).toMatchObject({ code: "unavailable", retryable: true });
    expect(fake.requests).toHaveLength(1);
  });

  it("holds for that owner alone: another one signs in as somebody else", async () => {
    const other = withHead({}, { name: "umbrella/app" });
    const { commit, failure } = await asking({
      repositories: [other],
      before: steps(says(403, "API rate limit exceeded", spent(1800))),
    });
    await failure();
    expect(await commit(HEAD, "https://github.com/umbrella/app")).toMatchObject({
      repository: "umbrella/app",
    });
  });

  it("is a minute where only the other limit, which is not used up, has a time", async () => {
    const unused = { ...spent(1800), "x-ratelimit-remaining": "4000" };
    const { failure } = await always(says(403, "You have exceeded a secondary rate limit.", unused));
    const [, until = ""] = /again at (\S+)/.exec((await failure()).message) ?? [];
    expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it("is no longer than a day, whatever GitHub says", async () => {
    const { failure } = await always(says(429, "no", { "retry-after": "999999999" }));
    const [, until = ""] = /again at (\S+)/.exec((await failure()).message) ?? [];
    expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(24 * 60 * 60 * 1000);
  });
});

describe("errors that stand beside what was found", () => {
  const beside = (path: readonly string[], type: string, extensions = {}) => {
    const branch = { id: "1", name: "main", target: { oid: HEAD }, compare: null };
    const commit = {
      __typename: "Commit",
      id: "2",
      oid: HEAD,
      signature: null,
      statusCheckRollup: null,
      associatedPullRequests: null,
    };
    const data = {
      repository: {
        nameWithOwner: "acme/app",
        defaultBranchRef: { ...branch, branchProtectionRule: null, rules: null },
        object: commit,
      },
    };
    return always(errors({ type, path, extensions }, data));
  };

  it.each(["branchProtectionRule", "rules"])("do not matter where they hide %s", async (field) => {
    const { commit } = await beside(["repository", "defaultBranchRef", field], "FORBIDDEN");
    expect(await commit()).toMatchObject({ position: "head" });
  });

  it.each([
    [["repository", "object", "statusCheckRollup"], "FORBIDDEN"],
    [["repository", "object", "associatedPullRequests"], "FORBIDDEN"],
    [["repository", "defaultBranchRef", "compare"], "FORBIDDEN"],
    [[], "FORBIDDEN"],
  ])("do matter where they hide %j", async (path, type) => {
    const { failure } = await beside(path, type);
    expect(await failure()).toMatchObject({ code: "forbidden" });
  });

  it("do matter where single sign-on hides anything", async () => {
    const path = ["repository", "defaultBranchRef", "rules"];
    const { failure } = await beside(path, "FORBIDDEN", { saml_failure: true });
    expect((await failure()).message).toContain("single sign-on");
  });
});

describe("an answer that is no answer", () => {
  const repository = (object: unknown) => ({
    nameWithOwner: "acme/app",
    defaultBranchRef: {
      id: "1",
      name: "main",
      target: { oid: HEAD },
      compare: null,
      branchProtectionRule: null,
      rules: null,
    },
    object,
  });
  const commit = {
    __typename: "Commit",
    id: "2",
    oid: HEAD,
    signature: null,
    statusCheckRollup: null,
    associatedPullRequests: null,
  };
  const hidden = { nodes: [null], pageInfo: { hasNextPage: false, endCursor: null } };
  const data = (object: unknown) => json(200, { data: { repository: repository(object) } });

  it.each([
    ["no JSON", { status: 200, body: "<html>sign in</html>", headers: { "content-type": "text/html" } }],
    [
      "half a JSON document",
      { status: 200, body: '{"data":', headers: { "content-type": "application/json" } },
    ],
    ["nothing", { status: 200 }],
    ["null", json(200, null)],
    ["a list", json(200, [])],
    ["no data", json(200, {})],
    ["errors that are no list", json(200, { errors: "no" })],
    ["errors that are no objects", json(200, { errors: [1] })],
    ["a commit of another id", data({ ...commit, oid: "d".repeat(40) })],
    [
      "check runs that are hidden",
      data({ ...commit, statusCheckRollup: { state: "SUCCESS", contexts: hidden } }),
    ],
    ["pull requests that are hidden", data({ ...commit, associatedPullRequests: hidden })],
    ["an object without a type", data({ oid: HEAD })],
  ])("is refused: %s", async (_, step) => {
    const { fake, failure } = await always(step);
    expect(await failure()).toMatchObject({ code: "malformed", retryable: false });
    expect(fake.requests).toHaveLength(1);
  });

  it("is refused where it is too large, and harms no later one", async () => {
    const { commit, failure } = await asking({
      ...FOUND,
      before: steps(json(200, { data: "x".repeat(100_000) })),
      client: { largestBody: 10_000 },
    });
    expect(await failure()).toMatchObject({ code: "limit", retryable: false });
    expect(await commit()).toMatchObject({ position: "head" });
  });

  it("is refused where it is compressed: nobody asked for that, and a little may become a lot", async () => {
    const { failure } = await always(json(200, {}, { "content-encoding": "gzip" }));
    expect(await failure()).toMatchObject({ code: "unsupported" });
  });

  it("prints nothing, whatever its headers say", async () => {
    const printed = vi.spyOn(console, "warn");
    const deprecation = {
      deprecation: "true",
      sunset: "now",
      link: '<https://evil.example>; rel="deprecation"',
    };
    const { failure } = await always(json(200, {}, deprecation));
    await failure();
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});

describe("a GitHub that keeps us waiting", () => {
  const silent: Before = async () => {
    await sleep(5000, undefined, { ref: false });
    return undefined;
  };

  it("is waited for as long as one try may take", async () => {
    const { fake, failure } = await asking({ ...FOUND, before: silent, client: { timeout: 50 } });
    expect(await failure()).toMatchObject({ code: "timeout", retryable: true });
    expect(fake.requests).toHaveLength(4);
  });

  it("is left at the review's deadline", async () => {
    const { fake, source } = await asking({ ...FOUND, before: silent });
    const error = await failureOf(source({ url: URL, revision: HEAD }, AbortSignal.timeout(100)));
    expect(error).toMatchObject({ code: "timeout", retryable: true });
    expect(fake.requests).toHaveLength(1);
  });

  it("is left when the review is called off", async () => {
    const { source } = await asking({ ...FOUND, before: silent });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const error = await failureOf(source({ url: URL, revision: HEAD }, controller.signal));
    expect(error).toMatchObject({ code: "cancelled", retryable: false });
  });

  it("is not asked at all by a review that was called off", async () => {
    const { fake, source } = await asking(FOUND);
    const error = await failureOf(source({ url: URL, revision: HEAD }, AbortSignal.abort()));
    expect(error).toMatchObject({ code: "cancelled" });
    expect(fake.requests).toHaveLength(0);
  });

  it("is named where nobody listens", async () => {
    const { fake, failure } = await asking();
    await fake.close();
    const error = await failure();
    expect(error).toMatchObject({ code: "network", retryable: true });
    expect(error.message).toContain("github.com could not be reached, or broke off (ECONNREFUSED)");
  });
});
