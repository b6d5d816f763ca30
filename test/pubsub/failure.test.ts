import { describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { toVoucherError } from "../../lib/pubsub/failure.ts";

const ASKED = {
  name: "projects/p/topics/t",
  complaint: "did not accept a message on",
  role: "roles/pubsub.publisher",
};

const failure = (code: number, message: string) => Object.assign(new Error(message), { code });

describe("a failure of Pub/Sub", () => {
  it.each([
    [5, "NOT_FOUND: Resource not found", "not-found", false, /^projects\/p\/topics\/t does not exist/],
    [7, "PERMISSION_DENIED: User not authorized", "forbidden", false, /need roles\/pubsub\.publisher/],
    [16, "UNAUTHENTICATED: expired", "unauthorized", false, /refused these credentials/],
    [3, "INVALID_ARGUMENT: too large", "malformed", false, /: too large$/],
    [14, "UNAVAILABLE: try later", "unavailable", true, /: try later$/],
    [8, "RESOURCE_EXHAUSTED: quota", "unavailable", true, /: quota$/],
  ] as const)(
    "with the code %i is told in one sentence that names the topic: %s",
    (code, text, expected, retryable, message) => {
      const error = toVoucherError(failure(code, `${code} ${text}`), ASKED);

      expect(error).toMatchObject({ code: expected, retryable });
      expect(error.message).toMatch(message);
      expect(error.message).toContain(ASKED.name);
      expect(error.message).not.toContain("\n");
    },
  );

  it("for want of credentials says so", () => {
    const cause = new Error("Could not load the default credentials. Browse to https://…");

    expect(toVoucherError(cause, ASKED)).toMatchObject({ code: "unauthorized", retryable: false });
  });

  it("that is told already stays as it is", () => {
    const told = new VoucherError("config", "no such topic is configured");

    expect(toVoucherError(told, ASKED)).toBe(told);
  });
});
