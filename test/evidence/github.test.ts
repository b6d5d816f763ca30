import { describe, expect, it } from "vitest";
import type { FakePullRequest } from "../support/github-graph.ts";
import { asking, EARLIER, HEAD, withHead } from "./github-asking.ts";

const APPROVED = { by: "grace", state: "APPROVED" };
const OTHER = "c".repeat(40);

describe("a commit", () => {
  it("is described by a single query", async () => {
    const repository = withHead({
      signature: "VALID",
      contexts: [{ run: "build" }, { status: "ci/lint", state: "SUCCESS" }],
      pullRequests: [{ number: 7, mergedBy: HEAD, reviews: [APPROVED] }],
    });
    const { fake, commit } = await asking({ repositories: [repository] });
    expect(await commit()).toEqual({
      repository: "acme/app",
      defaultBranch: "main",
      position: "head",
      signature: "valid",
      pullRequests: [
        {
          number: 7,
          merged: true,
          mergedByThisCommit: true,
          intoDefaultBranch: true,
          author: "ada",
          reviews: [{ reviewer: "grace", state: "approved" }],
        },
      ],
      ci: { state: "passed", failing: [] },
    });
    expect(fake.queries).toEqual(["VoucherCommit"]);
    expect(fake.requests).toHaveLength(1);
  });

  it.each([
    "https://github.com/acme/app.git",
    "git@github.com:acme/app.git",
    "ssh://git@github.com/acme/app",
    "git+https://github.com/ACME/App",
  ])("is found by %s", async (url) => {
    const { commit } = await asking({ repositories: [withHead({})] });
    expect(await commit(HEAD.toUpperCase(), url)).toMatchObject({ repository: "acme/app", position: "head" });
  });

  it("may have nothing to show", async () => {
    const { commit } = await asking({ repositories: [withHead({})] });
    expect(await commit()).toMatchObject({
      signature: "none",
      pullRequests: [],
      ci: { state: "none", failing: [] },
    });
  });
});

describe("where a commit stands", () => {
  const repository = withHead(
    {},
    { behind: [EARLIER], commits: { [HEAD]: {}, [EARLIER]: {}, [OTHER]: {} }, defaultBranch: "trunk" },
  );

  it.each([
    ["at the head", HEAD, "head"],
    ["behind the head", EARLIER, "ancestor"],
    ["on another branch, or in a fork", OTHER, "elsewhere"],
  ])("is known in one query: %s", async (_, revision, position) => {
    const { fake, commit } = await asking({ repositories: [repository] });
    expect(await commit(revision)).toMatchObject({ defaultBranch: "trunk", position });
    expect(fake.queries).toEqual(["VoucherCommit"]);
  });

  it("is elsewhere where its history and the branch's have nothing in common", async () => {
    const unrelated = { ...repository, unrelated: [OTHER] };
    const { commit } = await asking({ repositories: [unrelated] });
    expect(await commit(OTHER)).toMatchObject({ position: "elsewhere" });
  });
});

describe("a branch that is named like a commit", () => {
  it("does not lend the commit its place", async () => {
    const repository = withHead(
      {},
      {
        behind: [EARLIER],
        commits: { [HEAD]: {}, [EARLIER]: {}, [OTHER]: {} },
        branches: { [OTHER]: EARLIER },
      },
    );
    const { commit } = await asking({ repositories: [repository] });
    expect(await commit(OTHER)).toMatchObject({ position: "elsewhere" });
  });
});

describe("the signature of a commit", () => {
  it.each([
    ["VALID", "valid"],
    ["UNSIGNED", "none"],
    ["INVALID", "invalid"],
    ["UNKNOWN_KEY", "invalid"],
    ["EXPIRED_KEY", "invalid"],
    ["UNVERIFIED_EMAIL", "invalid"],
  ])("%s is %s", async (signature, expected) => {
    const { commit } = await asking({ repositories: [withHead({ signature })] });
    expect(await commit()).toMatchObject({ signature: expected });
  });

  it("that GitHub cannot verify just now is a passing failure, not an invalid signature", async () => {
    const { failure } = await asking({ repositories: [withHead({ signature: "GPGVERIFY_UNAVAILABLE" })] });
    expect(await failure()).toMatchObject({ code: "unavailable", retryable: true });
  });
});

describe("the pull requests of a commit", () => {
  const only = async (pullRequest: FakePullRequest) => {
    const { commit } = await asking({ repositories: [withHead({ pullRequests: [pullRequest] })] });
    return (await commit()).pullRequests[0];
  };

  it("say whether they were merged by this very commit", async () => {
    expect(await only({ number: 1, mergedBy: EARLIER })).toMatchObject({
      merged: true,
      mergedByThisCommit: false,
    });
    expect(await only({ number: 1 })).toMatchObject({ merged: false, mergedByThisCommit: false });
  });

  it("say whether they went into the default branch", async () => {
    expect(await only({ number: 1, mergedBy: HEAD, base: "next" })).toMatchObject({
      intoDefaultBranch: false,
    });
  });

  it("do not count as ours where they went into the branch of that name in a fork", async () => {
    const fork = await only({ number: 1, mergedBy: HEAD, repository: "mallory/app" });
    expect(fork).toMatchObject({ intoDefaultBranch: false });
  });

  it("have reviews in the order that they were submitted in, unsubmitted ones last", async () => {
    const reviews = [
      { by: "grace", state: "APPROVED", at: "2026-03-01T12:00:00+02:00" },
      { by: "linus", state: "PENDING", at: null },
      { by: "grace", state: "CHANGES_REQUESTED", at: "2026-03-01T09:59:59Z" },
      { by: "edsger", state: "COMMENTED", at: "2026-02-01T00:00:00Z" },
      { by: "barbara", state: "DISMISSED", at: "2026-03-02T00:00:00Z" },
    ];
    expect((await only({ number: 1, reviews }))?.reviews).toEqual([
      { reviewer: "edsger", state: "commented" },
      { reviewer: "grace", state: "changes-requested" },
      { reviewer: "grace", state: "approved" },
      { reviewer: "barbara", state: "dismissed" },
      { reviewer: "linus", state: "pending" },
    ]);
  });

  it("take the approval of somebody who may not push for a comment, as GitHub does", async () => {
    const stranger = { ...APPROVED, canPush: false };
    expect((await only({ number: 1, reviews: [stranger] }))?.reviews).toEqual([
      { reviewer: "grace", state: "commented" },
    ]);
  });

  it("take the approval of an account that was deleted for a comment", async () => {
    const reviews = [{ by: null, state: "APPROVED" }];
    const pullRequest = await only({ number: 1, author: null, reviews });
    expect(pullRequest?.reviews).toEqual([{ reviewer: "ghost", state: "commented" }]);
    expect(pullRequest).not.toHaveProperty("author");
  });
});

describe("the approvals that a pull request needs", () => {
  it.each([
    ["nothing is known of", undefined, [], undefined],
    ["protection asks for", { requires: true, approvals: 2 }, [], 2],
    ["protection asks for without a number", { requires: true }, [], 1],
    ["protection does not ask for", { requires: false }, [], 0],
    ["rulesets ask for", undefined, [undefined, 1, 3], 3],
    ["the strictest asks for", { requires: true, approvals: 1 }, [2], 2],
    ["a ruleset asks for none of, while protection is not to be seen,", undefined, [0], undefined],
  ])("are those that %s", async (_, protection, rulesets, expected) => {
    const pullRequests = [{ number: 1, mergedBy: HEAD }];
    const repository = withHead(
      { pullRequests },
      protection === undefined ? { rulesets } : { protection, rulesets },
    );
    const { commit } = await asking({ repositories: [repository] });
    expect((await commit()).pullRequests[0]?.requiredApprovals).toBe(expected);
  });

  it("are not those of another branch", async () => {
    const protection = { requires: true, approvals: 2 };
    const repository = withHead({ pullRequests: [{ number: 1, base: "next" }] }, { protection });
    const { commit } = await asking({ repositories: [repository] });
    expect((await commit()).pullRequests[0]).not.toHaveProperty("requiredApprovals");
  });
});
