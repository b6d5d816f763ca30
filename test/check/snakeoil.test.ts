import { describe, expect, it } from "vitest";
import type { Allowance } from "../../lib/check/allowlist.ts";
import { type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { type SnakeoilSettings, snakeoil } from "../../lib/check/snakeoil.ts";
import { VoucherError } from "../../lib/errors.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { SEVERITIES, type Vulnerability, type VulnerabilitySeverity } from "../../lib/ports.ts";
import { AT, evidenceWith } from "./facts.ts";

const SETTINGS: SnakeoilSettings = { failOn: "high", onlyFixable: false, platforms: "all", allow: [] };

const vulnerability = (more: Partial<Vulnerability> = {}): Vulnerability => ({
  id: "CVE-2026-1",
  severity: "high",
  package: "openssl",
  fixable: false,
  ...more,
});
const allowance = (more: Partial<Allowance> = {}): Allowance => ({
  id: "CVE-2026-1",
  reason: "not reachable",
  expires: "2027-01-01T00:00:00.000Z",
  ...more,
});
const judge = (found: readonly Vulnerability[], settings: Partial<SnakeoilSettings> = {}) =>
  snakeoil({ ...SETTINGS, ...settings }).judge(evidenceWith({ vulnerabilities: { found } }));
const reasonOf = (outcome: Outcome) => (outcome.status === "fail" ? outcome.reason : outcome.status);

describe("snakeoil fails at and above failon, in Voucher's order of severities", () => {
  const order = ["negligible", "low", "medium", "unknown", "high", "critical"] as const;
  const table = order.flatMap((failOn) => order.map((severity) => [failOn, severity] as const));

  it.each(table)("failon %s, a vulnerability of severity %s", async (failOn, severity) => {
    const { status } = await judge([vulnerability({ severity })], { failOn });
    const offends = order.indexOf(severity) >= order.indexOf(failOn);
    expect(status).toBe(offends ? "fail" : "pass");
  });

  it("is the order of the ports", () => {
    expect(SEVERITIES).toEqual(order);
  });
});

describe("snakeoil passes an image", () => {
  it("that was scanned and has no vulnerability", async () => {
    expect(await judge([])).toEqual(pass);
  });

  it("whose vulnerabilities are all below failon", async () => {
    expect(await judge([vulnerability({ severity: "medium" }), vulnerability({ severity: "unknown" })])).toBe(
      pass,
    );
  });
});

describe("an image that is not scanned yet, or never will be", () => {
  const judgeScan = (vulnerabilities: Parameters<typeof evidenceWith>[0]["vulnerabilities"]) =>
    snakeoil(SETTINGS).judge(evidenceWith(vulnerabilities === undefined ? {} : { vulnerabilities }));

  it("is pending while the scan runs, and the check never sleeps (Voucher slept five times ten seconds)", async () => {
    const started = performance.now();
    const outcome = await judgeScan({ awaiting: "scan", reason: "the scan is running" });
    expect(outcome).toEqual(pending("scan", "the scan is running"));
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("says since when, where that is known (Voucher never could)", async () => {
    const since = new Date("2026-11-25T11:30:00Z");
    const outcome = await judgeScan({ awaiting: "scan", reason: "the scan is running", since });
    expect(outcome).toEqual(pending("scan", "the scan is running, since 2026-11-25T11:30:00.000Z"));
  });

  it("throws what the evidence throws: never scanned is no pass", async () => {
    const fault = new VoucherError("no-evidence", "linux/s390x is never scanned");
    const evidence = { ...evidenceWith({}), vulnerabilities: () => Promise.reject(fault) };
    await expect(snakeoil(SETTINGS).judge(evidence)).rejects.toBe(fault);
  });
});

describe("what snakeoil says of an image that fails", () => {
  it("names the ids that offend, worst first, each once, and no others", async () => {
    const outcome = await judge([
      vulnerability({ id: "CVE-2026-2", severity: "high" }),
      vulnerability({ id: "CVE-2026-9", severity: "medium" }),
      vulnerability({ id: "GHSA-xxxx-yyyy-zzzz", severity: "critical" }),
      vulnerability({ id: "CVE-2026-2", severity: "critical", package: "libssl" }),
    ]);
    expect(reasonOf(outcome)).toBe(
      "2 vulnerabilities of severity high or above: GHSA-xxxx-yyyy-zzzz (critical), CVE-2026-2 (critical)",
    );
  });

  it("speaks of a single one in the singular", async () => {
    expect(reasonOf(await judge([vulnerability()]))).toBe(
      "1 vulnerability of severity high or above: CVE-2026-1 (high)",
    );
  });

  it("finds each offending vulnerability, with severity, package and fix", async () => {
    const outcome = await judge([
      vulnerability({ severity: "low" }),
      vulnerability({ fixable: true, fixedIn: "3.0.1" }),
      vulnerability({ severity: "critical", package: "zlib" }),
    ]);
    expect(outcome).toMatchObject({
      findings: [
        { id: "CVE-2026-1", severity: "critical", package: "zlib" },
        { id: "CVE-2026-1", severity: "high", package: "openssl", fixedIn: "3.0.1" },
      ],
    });
    expect(outcome.status === "fail" && outcome.findings?.[0]).not.toHaveProperty("fixedIn");
  });

  it("names ten and counts the rest, and still finds every one", async () => {
    const many = Array.from({ length: 14 }, (_, at) => vulnerability({ id: `CVE-2026-${100 + at}` }));
    const outcome = await judge(many);
    expect(reasonOf(outcome)).toMatch(/^14 vulnerabilities .*CVE-2026-109 \(high\) and 4 more$/);
    expect(reasonOf(outcome)).not.toContain("CVE-2026-110");
    expect(outcome.status === "fail" && outcome.findings).toHaveLength(14);
  });

  it("escapes what a scanner's id may smuggle in", async () => {
    expect(reasonOf(await judge([vulnerability({ id: "CVE\n\u001b[31m" })]))).toContain("CVE\\n\\u001b[31m");
  });
});

describe("only_fixable", () => {
  it.each<[string, boolean, boolean, Outcome["status"]]>([
    ["counts what can be fixed", true, true, "fail"],
    ["leaves out what cannot", true, false, "pass"],
    ["off, counts both: fixable", false, true, "fail"],
    ["off, counts both: not fixable", false, false, "fail"],
  ])("%s", async (_, onlyFixable, fixable, status) => {
    expect((await judge([vulnerability({ fixable })], { onlyFixable })).status).toBe(status);
  });
});

describe("the allowlist", () => {
  const verdict = async (allow: readonly Allowance[], id = "CVE-2026-1") =>
    (await judge([vulnerability({ id })], { allow })).status;

  it.each<[string, Partial<Allowance>, Outcome["status"]]>([
    ["allows an id", {}, "pass"],
    ["in any case", { id: "cve-2026-1" }, "pass"],
    ["and no other id", { id: "CVE-2026-10" }, "fail"],
    ["nor a part of one", { id: "CVE-2026" }, "fail"],
    ["until the moment before it expires", { expires: new Date(AT.getTime() + 1).toISOString() }, "pass"],
    ["no more at the moment it expires", { expires: AT.toISOString() }, "fail"],
    ["nor with an expiry that is no date", { expires: "someday" }, "fail"],
  ])("%s", async (_, more, status) => {
    expect(await verdict([allowance(more)])).toBe(status);
  });

  it.each(["GHSA-xxxx-yyyy-zzzz", "DSA-5000-1", "RUSTSEC-2026-0001"])("takes ids such as %s", async (id) => {
    expect(await verdict([allowance({ id })], id)).toBe("pass");
  });

  it("judges by the moment of the review, not by the clock", async () => {
    const evidence = evidenceWith({
      at: new Date("2027-06-01T00:00:00Z"),
      vulnerabilities: { found: [vulnerability()] },
    });
    expect((await snakeoil({ ...SETTINGS, allow: [allowance()] }).judge(evidence)).status).toBe("fail");
  });

  it("says that an entry has expired", async () => {
    const outcome = await judge([vulnerability(), vulnerability({ id: "CVE-2026-2" })], {
      allow: [allowance({ expires: "2026-11-01T00:00:00.000Z" })],
    });
    expect(reasonOf(outcome)).toBe(
      "2 vulnerabilities of severity high or above: CVE-2026-1 (high), CVE-2026-2 (high); " +
        "snakeoil.allow has expired for CVE-2026-1 on 2026-11-01T00:00:00.000Z",
    );
  });

  it("says nothing of an expired entry for what does not offend", async () => {
    const outcome = await judge([vulnerability(), vulnerability({ id: "CVE-2026-2", severity: "low" })], {
      allow: [allowance({ id: "CVE-2026-2", expires: "2026-11-01T00:00:00.000Z" })],
    });
    expect(reasonOf(outcome)).not.toContain("expired");
  });

  it("takes the entry that still counts where one id has several, and the latest where none does", async () => {
    const old = allowance({ expires: "2026-01-01T00:00:00.000Z" });
    const older = allowance({ expires: "2025-01-01T00:00:00.000Z" });
    expect(await verdict([old, allowance()])).toBe("pass");
    expect(reasonOf(await judge([vulnerability()], { allow: [old, older] }))).toContain("on 2026-01-01");
  });

  it("keeps an allowed id out of message and findings", async () => {
    const outcome = await judge([vulnerability(), vulnerability({ id: "CVE-2026-2" })], {
      allow: [allowance()],
    });
    expect(JSON.stringify(outcome)).not.toContain('CVE-2026-1"');
    expect(reasonOf(outcome)).toBe("1 vulnerability of severity high or above: CVE-2026-2 (high)");
  });
});

describe("snakeoil.platforms", () => {
  const covers = (platforms: SnakeoilSettings["platforms"], platform: string) =>
    snakeoil({ ...SETTINGS, platforms }).covers?.(parsePlatform(platform));

  it.each<[string, SnakeoilSettings["platforms"], string, boolean]>([
    ["covers every platform where it says all", "all", "linux/s390x", true],
    ["covers one that it names", [parsePlatform("linux/amd64")], "linux/amd64", true],
    ["covers no other", [parsePlatform("linux/amd64")], "linux/s390x", false],
    ["knows a platform by its other spellings", [parsePlatform("linux/arm64")], "linux/arm64/v8", true],
    ["tells variants apart", [parsePlatform("linux/arm/v7")], "linux/arm/v6", false],
  ])("%s", (_, platforms, platform, covered) => {
    expect(covers(platforms, platform)).toBe(covered);
  });
});

it("the description names the severity that fails", () => {
  const failOn: VulnerabilitySeverity = "critical";
  expect(snakeoil({ ...SETTINGS, failOn }).description).toContain("critical");
});
