import { describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { createJsonLog, type JsonLogOptions } from "../../lib/telemetry/json-log.ts";

type Fields = Parameters<ReturnType<typeof createJsonLog>["record"]>[2];

/** The one line that such an entry is. */
function lineOf(severity: "INFO" | "WARNING" | "ERROR", fields: Fields, options: JsonLogOptions = {}) {
  const lines: string[] = [];
  createJsonLog({ ...options, write: (line) => void lines.push(line) }).record(
    severity,
    "it happened",
    fields,
  );
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}

describe("an entry of severity ERROR", () => {
  it("is one that Error Reporting counts: by its stack, for the service that Cloud Run runs", () => {
    const error = new VoucherError("internal", "the check threw", { cause: new TypeError("x is undefined") });
    const line = lineOf(
      "ERROR",
      { error },
      { service: { service: "voucher-push", version: "voucher-push-7" } },
    );
    expect(line).toMatchObject({
      severity: "ERROR",
      message: "it happened",
      "@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
      serviceContext: { service: "voucher-push", version: "voucher-push-7" },
      error: { code: "internal", message: "the check threw" },
    });
    expect(line.stack_trace).toMatch(/^VoucherError: the check threw\n {4}at /);
    expect(line.stack_trace).toContain("Caused by: TypeError: x is undefined\n    at ");
  });

  it("is one even without an error", () => {
    const line = lineOf("ERROR", { reason: "no key" });
    expect(line["@type"]).toMatch(/ReportedErrorEvent$/);
    expect(line).not.toHaveProperty("stack_trace");
  });

  it("shows no cause of a cause for ever", () => {
    const error = new Error("round and round");
    error.cause = error;
    expect(lineOf("ERROR", { error }).stack_trace.length).toBeLessThan(20_000);
  });
});

describe("any other entry", () => {
  it("is none, and shows of an error what it says", () => {
    const line = lineOf("WARNING", { error: new VoucherError("network", "it broke off") });
    expect(line).not.toHaveProperty("@type");
    expect(line).not.toHaveProperty("serviceContext");
    expect(line.error).toEqual({ code: "network", message: "it broke off" });
  });

  it("has its labels where Cloud Logging looks for them", () => {
    const line = lineOf("INFO", { labels: { outcome: "attested" }, image: "i" });
    expect(line["logging.googleapis.com/labels"]).toEqual({ outcome: "attested" });
    expect(line).not.toHaveProperty("labels");
    expect(line.image).toBe("i");
  });
});

describe("a field", () => {
  it("is written without what looks like a secret, by its text or by its name, however deep it stands", () => {
    const line = lineOf("INFO", {
      registry: "https://user:hunter2@registry.example",
      headers: { Authorization: "anything", accept: "x" },
      list: [{ password: "hunter2" }],
      error: new Error("https://user:hunter2@registry.example refused"),
    });
    expect(JSON.stringify(line)).not.toContain("hunter2");
    expect(line.headers).toEqual({ Authorization: "***", accept: "x" });
  });

  it("that no JSON can hold costs no entry", () => {
    const round: { self?: unknown } = {};
    round.self = round;
    expect(lineOf("ERROR", { round })).toMatchObject({ severity: "ERROR", message: "it happened" });
    expect(lineOf("INFO", { big: 7n }).big).toBe("7");
  });

  it("is cut where its text has no end", () => {
    expect(lineOf("INFO", { text: "x".repeat(1_000_000) }).text.length).toBeLessThan(20_000);
  });
});
