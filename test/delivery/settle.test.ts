import { describe, expect, it } from "vitest";
import { error, fail, type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { type Ending, settle } from "../../lib/delivery/settle.ts";
import { type ErrorCode, VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import type { Judgement, Review } from "../../lib/review/judgement.ts";
import { at, REPOSITORY } from "../support/fake-images.ts";

const fault = (code: ErrorCode, retryable = false) =>
  new VoucherError(code, `${code} happened`, { retryable });

/** A review of an index whose platforms had these outcomes, one each, for one check. */
function reviewed(...outcomes: readonly (Outcome | Judgement)[]): Ending {
  const judgements = outcomes.map(
    (outcome): Judgement => ("checkName" in outcome ? outcome : { checkName: "nobody", outcome }),
  );
  const review: Review = {
    reference: at(REPOSITORY, digestOf(Buffer.from("index"))),
    kind: "index",
    judgements: [],
    platforms: judgements.map((judgement, position) => ({
      reference: at(REPOSITORY, digestOf(Buffer.of(position))),
      judgements: [judgement],
    })),
    skipped: [],
    indexOwed: true,
    owed: "passed",
    dryRun: false,
  };
  return { kind: "reviewed", review };
}

const outOfScope = (reason: string): Ending => {
  const ending = reviewed();
  if (ending.kind !== "reviewed") return ending;
  return { kind: "reviewed", review: { ...ending.review, outOfScope: reason } };
};
const unresolved = (code: ErrorCode, retryable = false): Ending => ({
  kind: "unresolved",
  error: fault(code, retryable),
});
const unstored = (code: ErrorCode): Judgement => ({
  checkName: "nobody",
  outcome: pass,
  unstored: fault(code),
});
const attested = (outcome: Outcome): Judgement => ({
  checkName: "nobody",
  outcome,
  attestation: { payload: new Uint8Array(), signature: { bytes: new Uint8Array(), keyId: "" } },
});

describe("the acknowledgement table, with no topics configured", () => {
  it.each<[string, Ending, string]>([
    [
      "every check passed and is attested: done",
      reviewed(attested(pass), attested(pass)),
      "204 attested INFO",
    ],
    ["a check failed: decided", reviewed(attested(pass), fail("runs as root")), "204 decided INFO"],
    [
      "DELETE, tag only, a companion's tag: ignored",
      { kind: "ignored", reason: "deleted" },
      "204 ignored INFO",
    ],
    [
      "not an image, not our platform, a host that is not ours: ignored",
      outOfScope("no"),
      "204 ignored INFO",
    ],
    ["a malformed event", { kind: "malformed", error: fault("malformed") }, "204 dead-lettered ERROR"],
    [
      "a retryable error of a platform",
      reviewed(attested(pass), error(fault("network", true))),
      "503 retry WARNING",
    ],
    ["a registry that answers 5xx", unresolved("unavailable", true), "503 retry WARNING"],
    ["a deadline that passed", unresolved("timeout", true), "503 retry WARNING"],
    ["an attestation that was not stored", reviewed(unstored("unavailable")), "503 retry WARNING"],
    ["an attestation that could not be signed", reviewed(unstored("key")), "503 retry WARNING"],
    ["401 of the event's own digest", unresolved("unauthorized"), "503 retry WARNING"],
    ["403 of the event's own digest", unresolved("forbidden"), "503 retry WARNING"],
    ["404 of the event's own digest", unresolved("not-found"), "503 retry WARNING"],
    ["401 or 403 of a child", reviewed(error(fault("forbidden", true))), "503 retry WARNING"],
    ["401 of the source host", reviewed(error(fault("unauthorized"))), "204 dead-lettered ERROR"],
    ["403 of the source host", reviewed(error(fault("forbidden"))), "204 dead-lettered ERROR"],
    ["404 of a child", reviewed(error(fault("not-found"))), "204 dead-lettered ERROR"],
    ["pending and nothing retryable", reviewed(pending("scan", "a scan"), attested(pass)), "503 retry INFO"],
    ["an error of evidence alone", reviewed(error(fault("no-evidence")), fail("no")), "204 decided WARNING"],
    ["a digest mismatch", unresolved("digest-mismatch"), "204 dead-lettered ERROR"],
    ["an unsupported document", unresolved("unsupported"), "204 dead-lettered ERROR"],
    ["a malformed document", unresolved("malformed"), "204 dead-lettered ERROR"],
    ["a limit that was passed", unresolved("limit"), "204 dead-lettered ERROR"],
    ["a permanent error of a child", reviewed(error(fault("digest-mismatch"))), "204 dead-lettered ERROR"],
    ["a fault of a check", reviewed(error(fault("internal"))), "204 dead-lettered ERROR"],
  ])("%s", (_, ending, expected) => {
    const { status, outcome, severity } = settle(ending);
    expect(`${status} ${outcome} ${severity}`).toBe(expected);
  });

  it("gives a reason with everything but an attested image", () => {
    expect(settle(reviewed(attested(pass)))).not.toHaveProperty("reason");
    expect(settle({ kind: "malformed", error: fault("malformed") }).reason).toBe("malformed happened");
    expect(settle(outOfScope("not an image")).reason).toBe("not an image");
    expect(settle(reviewed(pending("scan", "a scan"))).reason).toBe("waiting: a scan");
    expect(settle(reviewed(fail("runs as root"))).reason).toBe("runs as root");
    expect(settle(reviewed(error(fault("no-evidence")))).reason).toBe("no-evidence happened");
    expect(settle(reviewed(unstored("key"))).reason).toBe("key happened");
  });
});

describe("where several hold", () => {
  const retryable = error(fault("network", true));
  const permanent = error(fault("digest-mismatch"));
  it.each<[string, Ending, string]>([
    ["retryable outranks pending", reviewed(pending("scan", "a scan"), retryable), "network happened"],
    ["retryable outranks permanent", reviewed(permanent, retryable), "network happened"],
    ["retryable outranks decided", reviewed(fail("no"), retryable), "network happened"],
    ["not stored outranks permanent", reviewed(permanent, unstored("forbidden")), "forbidden happened"],
    [
      "not stored outranks pending",
      reviewed(pending("scan", "a scan"), unstored("forbidden")),
      "forbidden happened",
    ],
    ["pending outranks permanent", reviewed(permanent, pending("scan", "a scan")), "waiting: a scan"],
    ["pending outranks decided", reviewed(fail("no"), pending("scan", "a scan")), "waiting: a scan"],
    ["permanent outranks decided", reviewed(fail("no"), permanent), "digest-mismatch happened"],
    [
      "permanent outranks missing evidence",
      reviewed(error(fault("no-evidence")), permanent),
      "digest-mismatch happened",
    ],
    [
      "missing evidence outranks a failure",
      reviewed(fail("no"), error(fault("no-evidence"))),
      "no-evidence happened",
    ],
  ])("%s", (_, ending, reason) => {
    expect(settle(ending).reason).toBe(reason);
  });
});

describe("the last attempt", () => {
  it("gives an event up that would come back, and says at which delivery and why", () => {
    expect(settle(unresolved("network", true), { attempt: 5, maxAttempts: 5 })).toEqual({
      status: 204,
      outcome: "dead-lettered",
      deadLetter: "attempts",
      severity: "ERROR",
      reason: "given up at delivery 5: network happened",
      error: fault("network", true),
    });
    expect(settle(reviewed(pending("scan", "a scan")), { attempt: 7, maxAttempts: 5 })).toMatchObject({
      status: 204,
      outcome: "dead-lettered",
    });
  });

  it.each([
    ["before it", { attempt: 4, maxAttempts: 5 }],
    ["where no number of attempts is set", { attempt: 500 }],
    ["where Pub/Sub does not count deliveries", { maxAttempts: 5 }],
  ])("has not come %s", (_, delivery) => {
    expect(settle(unresolved("network", true), delivery).status).toBe(503);
  });

  it("changes nothing of an event that is settled", () => {
    const last = { attempt: 5, maxAttempts: 5 };
    for (const ending of [reviewed(attested(pass)), outOfScope("no"), unresolved("limit")]) {
      expect(settle(ending, last)).toEqual(settle(ending));
    }
  });
});

describe("a dry run", () => {
  it("does not say that it attested anything", () => {
    const ending = reviewed(pass);
    if (ending.kind !== "reviewed") throw new Error("unreachable");
    expect(settle({ ...ending, review: { ...ending.review, dryRun: true } })).toMatchObject({
      status: 204,
      outcome: "decided",
      severity: "INFO",
    });
  });
});
