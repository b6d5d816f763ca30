import { describe, expect, it } from "vitest";
import { approved } from "../../lib/check/approved.ts";
import { type Outcome, pass, pending } from "../../lib/check/contract.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { BuildRecord, Commit, Source } from "../../lib/ports.ts";
import { build, commit, evidenceWith, pullRequest, SOURCE, TRUST } from "./facts.ts";

const judge = (of: Partial<Commit>, head: "exact" | "ancestor" = "exact") =>
  approved({ head, ...TRUST }).judge(
    evidenceWith({ builds: { found: [build()] }, commit: () => commit(of) }),
  );
const judgeBuilds = (found: readonly BuildRecord[], of: (source: Source) => Commit) =>
  approved({ head: "exact", ...TRUST }).judge(evidenceWith({ builds: { found }, commit: of }));
const reasonOf = (outcome: Outcome) => (outcome.status === "fail" ? outcome.reason : outcome.status);

const NAME = "commit 0123456789ab of acme/app";

describe("approved passes a commit", () => {
  it.each<[string, Partial<Commit>, "exact" | "ancestor"]>([
    ["that is the head, signed, merged, approved and tested", {}, "exact"],
    ["that is the head, where any commit of the branch will do", {}, "ancestor"],
    ["that was the head once, where that will do", { position: "ancestor" }, "ancestor"],
    [
      "of which one pull request into the default branch is approved",
      { pullRequests: [pullRequest({ number: 1, intoDefaultBranch: false, reviews: [] }), pullRequest()] },
      "exact",
    ],
  ])("%s", async (_, of, head) => {
    expect(await judge(of, head)).toEqual(pass);
  });
});

describe("approved fails a commit", () => {
  it.each<[string, Partial<Commit>, "exact" | "ancestor", string]>([
    [
      "that was the head once, and names the setting that helps",
      { position: "ancestor" },
      "exact",
      'is no longer the head of the default branch "main" (approved.head = "ancestor" accepts earlier commits of it)',
    ],
    ["that is on another branch", { position: "elsewhere" }, "exact", 'is not on the default branch "main"'],
    ["that is on no branch", { position: "elsewhere" }, "ancestor", 'is not on the default branch "main"'],
    ["that is not signed", { signature: "none" }, "exact", "is not signed"],
    ["whose signature is not valid", { signature: "invalid" }, "exact", "has a signature that is not valid"],
    [
      "that belongs to no pull request",
      { pullRequests: [] },
      "exact",
      'is not the merge commit of a pull request into "main"',
    ],
    [
      "that merged no pull request, though it belongs to a merged one",
      { pullRequests: [pullRequest({ mergedByThisCommit: false })] },
      "exact",
      'is not the merge commit of a pull request into "main"',
    ],
    [
      "whose pull request is not merged",
      { pullRequests: [pullRequest({ merged: false })] },
      "exact",
      'is not the merge commit of a pull request into "main"',
    ],
    [
      "whose pull request went into another branch",
      { pullRequests: [pullRequest({ intoDefaultBranch: false })] },
      "exact",
      'is not the merge commit of a pull request into "main"',
    ],
    [
      "whose pull request nobody approved",
      { pullRequests: [pullRequest({ reviews: [] })] },
      "exact",
      "merged pull request 7 with 0 of 1 approvals",
    ],
    ["of which CI failed", { ci: { state: "failed", failing: [] } }, "exact", "did not pass CI"],
    [
      "of which CI failed, naming what did",
      { ci: { state: "failed", failing: ["build", "e2e"] } },
      "exact",
      "did not pass CI (build, e2e)",
    ],
    ["that no CI has tested", { ci: { state: "none", failing: [] } }, "exact", "was not tested by any CI"],
  ])("%s", async (_, of, head, why) => {
    expect(reasonOf(await judge(of, head))).toBe(`${NAME} ${why}`);
  });

  it("with all that speaks against it", async () => {
    const reason = reasonOf(await judge({ signature: "none", pullRequests: [] }));
    expect(reason).toBe(`${NAME} is not signed, and is not the merge commit of a pull request into "main"`);
  });
});

describe("while CI runs", () => {
  const running: Partial<Commit> = { ci: { state: "running", failing: [] } };

  it("is pending, so that the event waits for it", async () => {
    expect(await judge(running)).toEqual(pending("ci", `CI is still running on ${NAME}`));
  });

  it("fails at once what CI cannot mend", async () => {
    expect(reasonOf(await judge({ ...running, signature: "none" }))).toBe(`${NAME} is not signed`);
  });
});

describe("which builds and commits are asked about", () => {
  const elsewhere = () => commit({ position: "elsewhere" });

  it("reads only a build record that provenance would trust", async () => {
    const untrusted = build({ builder: "eve" });
    const asked: Source[] = [];
    const outcome = await judgeBuilds([untrusted], (source) => {
      asked.push(source);
      return commit();
    });
    expect(reasonOf(outcome)).toContain("no build record is trusted");
    expect(asked).toEqual([]);
  });

  it("asks about the commit that the record names", async () => {
    const asked: Source[] = [];
    await judgeBuilds([build()], (source) => {
      asked.push(source);
      return commit();
    });
    expect(asked).toEqual([SOURCE]);
  });

  it("is pending without a build record", async () => {
    expect((await judgeBuilds([], () => commit())).status).toBe("pending");
  });

  it("fails a trusted record without a source, and says so", async () => {
    expect(reasonOf(await judgeBuilds([build({ id: "r", sources: [] })], () => commit()))).toBe(
      "the build record r does not say what source it was built from",
    );
  });

  it("passes where one of several trusted records is of an approved commit", async () => {
    const old = build({ sources: [{ ...SOURCE, revision: "old" }] });
    const outcome = await judgeBuilds([old, build()], ({ revision }) =>
      revision === "old" ? elsewhere() : commit(),
    );
    expect(outcome).toEqual(pass);
  });

  it("needs each commit approved of what was built from several", async () => {
    const both = build({ sources: [SOURCE, { ...SOURCE, url: "https://github.com/acme/lib" }] });
    const outcome = await judgeBuilds([both], ({ url }) => (url.endsWith("lib") ? elsewhere() : commit()));
    expect(reasonOf(outcome)).toContain("is not on the default branch");
    expect(await judgeBuilds([both], () => commit())).toEqual(pass);
  });

  it("leaves open what one commit's fault leaves open, beside another that failed", async () => {
    const fault = new VoucherError("network", "GitHub broke off", { retryable: true });
    const other = build({ sources: [{ ...SOURCE, revision: "other" }] });
    const outcome = await judgeBuilds([build(), other], ({ revision }) => {
      if (revision === "other") throw fault;
      return elsewhere();
    });
    expect(outcome).toEqual({ status: "error", error: fault });
  });

  it("passes where another trusted record's commit is approved, whatever befell the first", async () => {
    const gone = build({ sources: [{ ...SOURCE, revision: "gone" }] });
    const outcome = await judgeBuilds([gone, build()], ({ revision }) => {
      if (revision === "gone") throw new VoucherError("not-found", "no such commit");
      return commit();
    });
    expect(outcome).toEqual(pass);
  });
});
