import { describe, expect, it, vi } from "vitest";
import type { SignIn } from "../../lib/api/sign-in.ts";
import { VoucherError } from "../../lib/errors.ts";
import { approved, asking, bodyNaming, IMAGE, question, STAYING } from "./asking.ts";

const CLOSED: SignIn = { challenge: "Basic", refusal: "no", admits: async () => false };
const never = () => Promise.withResolvers<never>().promise;

describe("a question", () => {
  it.each(["all", "prod", "diy"])(
    "about the check or group %s is answered with its verdict",
    async (name) => {
      const { api } = asking();
      const answer = await api(question(`/${name}`), STAYING);
      expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
      expect(JSON.parse(answer?.body ?? "")).toMatchObject({ image: IMAGE, success: true });
    },
  );

  it("runs the checks for /{check}, and none for /{check}/verify", async () => {
    const check = vi.fn(async () => approved([]));
    const verify = vi.fn(async () => approved([]));
    const { api } = asking({ check, verify });
    await api(question("/diy"), STAYING);
    expect([check.mock.calls.length, verify.mock.calls.length]).toEqual([1, 0]);
    await api(question("/diy/verify"), STAYING);
    expect([check.mock.calls.length, verify.mock.calls.length]).toEqual([1, 1]);
  });

  it.each(["/nothing", "/empty", "/nothing/verify", "/empty/verify", "/__proto__", "/constructor"])(
    "at %s, where there is no check, is answered with 404 and never with success",
    async (path) => {
      const answer = await asking().api(question(path), STAYING);
      const name = path.split("/")[1];
      expect(answer).toMatchObject({ status: 404 });
      expect(answer?.body).toMatch(new RegExp(`^check or group "${name}" is not active: .+\\n$`));
    },
  );

  it("about a check that cannot be made is answered with 500, and its log says why", async () => {
    const { api, observer } = asking({
      checksNamed: () => {
        throw new VoucherError("config", "snakeoil needs failon");
      },
    });
    expect(await api(question("/snakeoil"), STAYING)).toMatchObject({
      status: 500,
      body: "server has been misconfigured\n",
    });
    expect(observer.entries[0]).toMatchObject({ severity: "ERROR", fields: { error: { code: "config" } } });
  });

  it.each([
    [422, "gcr.io/app", "reference gcr.io/app has no digest\n"],
    [422, "gcr.io/App", /^can't use URL in ImageData: /],
    [413, "a".repeat(65 * 1024), /^the body has more than 65536 bytes/],
  ])("is answered with %i where its body is unusable", async (status, image, text) => {
    const answer = await asking().api(question("/diy", { body: bodyNaming(image) }), STAYING);
    expect(answer?.status).toBe(status);
    expect(answer?.body).toMatch(text);
  });

  it.each([
    "not-found",
    "unauthorized",
    "forbidden",
    "unavailable",
    "timeout",
    "unsupported",
    "digest-mismatch",
  ] as const)(
    "about an image that cannot be read (%s) is answered with 200, every check an error, as Voucher's clients expect",
    async (code) => {
      const fault = async () => {
        throw new VoucherError(code, "it cannot be read");
      };
      const { api } = asking({ check: fault, verify: fault });
      for (const path of ["/all", "/all/verify"]) {
        const answer = await api(question(path), STAYING);
        expect(answer?.status).toBe(200);
        const error = { status: "error", success: false, attested: false, error: "it cannot be read" };
        expect(JSON.parse(answer?.body ?? "")).toEqual({
          image: IMAGE,
          kind: "image",
          success: false,
          attested: false,
          results: [
            { name: "diy", ...error },
            { name: "nobody", ...error },
          ],
          platforms: [],
          skipped: [],
        });
      }
    },
  );

  it.each([
    ["config", "server has been misconfigured\n"],
    ["key", "server has been misconfigured\n"],
    ["internal", "the server failed; its log says how\n"],
  ] as const)("that our own fault (%s) keeps from a verdict is answered with 500", async (code, body) => {
    const check = async () => {
      throw new VoucherError(code, "the secret of the house");
    };
    expect(await asking({ check }).api(question("/diy"), STAYING)).toMatchObject({ status: 500, body });
  });
});

describe("a question of somebody who may not ask", () => {
  it("is answered with 401 before anything else is looked at", async () => {
    const check = vi.fn(async () => approved([]));
    const body = vi.fn(bodyNaming(IMAGE));
    const { api } = asking({ check }, { signIn: CLOSED });
    for (const path of ["/diy", "/nothing", "/diy/verify"]) {
      const answer = await api(question(path, { body }), STAYING);
      expect(answer).toMatchObject({ status: 401, body: "no\n", headers: { "www-authenticate": "Basic" } });
    }
    expect(check).not.toHaveBeenCalled();
    expect(body).not.toHaveBeenCalled();
  });

  it("is answered all the same where it asks whether the server is there", async () => {
    const ping = { ...question("/services/ping"), method: "GET" };
    expect(await asking({}, { signIn: CLOSED }).api(ping, STAYING)).toEqual({
      status: 200,
      headers: {},
      body: "",
    });
  });

  it("leaves nothing of its credentials in the log", async () => {
    const { api, observer } = asking({}, { signIn: CLOSED });
    await api(question("/diy", { authorization: "Basic c2VjcmV0" }), STAYING);
    expect(observer.entries).toMatchObject([{ severity: "WARNING", fields: { status: 401, check: "diy" } }]);
    expect(JSON.stringify(observer.entries)).not.toContain("c2VjcmV0");
  });

  it("is told to try again where it cannot be found out whether it may", async () => {
    const admits = async () => {
      throw new VoucherError("unavailable", "the certificates could not be fetched", { retryable: true });
    };
    const { api } = asking({}, { signIn: { ...CLOSED, admits } });
    expect(await api(question("/diy"), STAYING)).toMatchObject({
      status: 503,
      headers: { "retry-after": "5" },
      body: "whether you may ask cannot be found out now; try again\n",
    });
  });
});

describe("a question that takes too long", () => {
  it("is answered with 504 at its deadline, and its work is told to stop", async () => {
    const told = Promise.withResolvers<unknown>();
    const { api, clock } = asking({
      check: (_image, _checks, signal) => {
        signal.addEventListener("abort", () => told.resolve(signal.reason));
        return never();
      },
    });
    const answering = api(question("/diy"), STAYING);
    await Promise.resolve();
    clock.pass();
    expect(await answering).toMatchObject({
      status: 504,
      body: "no answer was found within 240 s, the server's timeout; ask again, or raise server.timeout\n",
    });
    expect(await told.promise).toMatchObject({ name: "TimeoutError" });
    expect(clock.deadlines).toEqual([240_000]);
  });

  it("is answered with 504 also where its work made a verdict of the deadline's faults", async () => {
    const asked = asking({
      check: async () => {
        asked.clock.pass();
        return approved([]);
      },
    });
    expect(await asked.api(question("/diy"), STAYING)).toMatchObject({ status: 504 });
  });

  it("is answered with 504 where its sign-in or its body never comes", async () => {
    const asked = asking();
    const answering = asked.api(question("/diy", { body: never }), STAYING);
    asked.clock.pass();
    expect(await answering).toMatchObject({ status: 504 });
    const signing = asking({}, { signIn: { ...CLOSED, admits: never } });
    const signed = signing.api(question("/diy"), STAYING);
    signing.clock.pass();
    expect(await signed).toMatchObject({ status: 504 });
  });

  it("lets no fault of its abandoned work end the process", async () => {
    const work = Promise.withResolvers<never>();
    const unheard = vi.fn();
    process.on("unhandledRejection", unheard);
    const { api, clock } = asking({ check: () => work.promise });
    const answering = api(question("/diy"), STAYING);
    clock.pass();
    await answering;
    work.reject(new Error("too late"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", unheard);
    expect(unheard).not.toHaveBeenCalled();
  });
});

describe("a question whose client goes away", () => {
  it("is not answered; its work is told to stop, and the log says so", async () => {
    const gone = new AbortController();
    let stopped: AbortSignal | undefined;
    const { api, observer } = asking({
      check: (_image, _checks, signal) => {
        stopped = signal;
        gone.abort(new VoucherError("cancelled", "the client went away"));
        return never();
      },
    });
    expect(await api(question("/diy"), gone.signal)).toBeUndefined();
    expect(stopped?.aborted).toBe(true);
    expect(observer.entries).toMatchObject([{ severity: "INFO", message: "request given up by its client" }]);
  });
});

describe("what is recorded of a question", () => {
  it("is part of the trace that the question continues", async () => {
    const { api, observer } = asking();
    const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true };
    await api(question("/diy", { trace }), STAYING);
    expect(observer.told).toEqual([`follow check request ${trace.traceId}`]);
  });

  it("fits an entry of the log, however much the verdict says", async () => {
    const [result] = approved([{ name: "diy" }]).results;
    const details = { CheckName: "diy", Body: "b".repeat(2_000), Signature: "s", KeyID: "k" };
    const results = result === undefined ? [] : [{ ...result, details }];
    const platform = { platform: "linux/amd64", digest: "sha256:1", success: true, attested: true, results };
    const verdict = { ...approved([]), platforms: Array.from({ length: 128 }, () => platform) };
    const { api, observer } = asking({ check: async () => verdict });
    const answer = await api(question("/diy"), STAYING);
    expect(answer?.body.length).toBeGreaterThan(256 * 1024);
    expect(JSON.stringify(observer.entries[0]).length).toBeLessThan(200 * 1024);
    expect(observer.entries[0]?.fields["verdict"]).toMatchObject({ leftOut: { platforms: 128 } });
  });
});
