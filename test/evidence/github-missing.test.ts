import { describe, expect, it } from "vitest";
import { json } from "../../lib/local/server.ts";
import { asking, HEAD, withHead } from "./github-asking.ts";

const ELSEWHERE = "c".repeat(40);

describe("what is not there", () => {
  it("is named where it is the repository, with what to check", async () => {
    const { fake, failure } = await asking();
    const error = await failure();
    expect(error).toMatchObject({ code: "not-found", retryable: false });
    expect(error.message).toContain("acme/app");
    expect(error.message).toContain("repositories.<alias>");
    expect(fake.requests).toHaveLength(1);
  });

  it("is named where it is the commit", async () => {
    const { failure } = await asking({ repositories: [withHead({})] });
    const error = await failure(ELSEWHERE);
    expect(error).toMatchObject({ code: "not-found", retryable: false });
    expect(error.message).toContain(`no commit ${ELSEWHERE} in github.com/acme/app`);
  });

  it("is named where it is no commit but a tag", async () => {
    const { failure } = await asking({ repositories: [withHead({}, { objects: { [ELSEWHERE]: "Tag" } })] });
    const error = await failure(ELSEWHERE);
    expect(error).toMatchObject({ code: "unsupported", retryable: false });
    expect(error.message).toContain("no commit but a Tag");
  });

  it("is a repository that was given to another owner: that one's approval is not ours", async () => {
    const given = withHead({}, { name: "mallory/app", formerly: "acme/app" });
    const { failure } = await asking({ repositories: [given] });
    const error = await failure();
    expect(error.code).toBe("not-found");
    expect(error.message).toContain("mallory/app");
  });

  it("is not a repository that its owner renamed", async () => {
    const renamed = withHead({}, { name: "acme/application", formerly: "acme/app" });
    const { commit } = await asking({ repositories: [renamed] });
    expect(await commit()).toMatchObject({ repository: "acme/application" });
  });

  it("is the default branch of an empty repository", async () => {
    const empty = { nameWithOwner: "acme/app", defaultBranchRef: null, object: null };
    const { failure } = await asking({ before: () => json(200, { data: { repository: empty } }) });
    expect((await failure()).message).toContain("has no default branch");
  });
});

describe("a source that cannot be asked about", () => {
  it.each([
    ["https://gitlab.com/acme/app", "unsupported", "gitlab.com/acme/app is not on github.com"],
    ["https://github.com.evil.example/acme/app", "unsupported", "is not on github.com"],
    ["https://github.com:8443/acme/app", "unsupported", "is not on github.com"],
    ["https://github.com/acme", "unsupported", "is no address of a repository"],
    ["https://github.com/acme/app/tree/main", "unsupported", "is no address of a repository"],
    ["gs://bucket/source.tgz", "unsupported", "is no address of a repository"],
    ["", "unsupported", "is no address of a repository"],
  ])("%s is refused without a request", async (url, code, words) => {
    const { fake, failure } = await asking({ repositories: [withHead({})] });
    const error = await failure(HEAD, url);
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.message).toContain(words);
    expect(fake.requests).toHaveLength(0);
  });

  it.each(["main", "a".repeat(7), "", `${HEAD} --`, "g".repeat(40)])(
    "is one whose revision %j is no full commit id",
    async (revision) => {
      const { fake, failure } = await asking({ repositories: [withHead({})] });
      const error = await failure(revision);
      expect(error).toMatchObject({ code: "malformed", retryable: false });
      expect(error.message).toContain("no full commit id");
      expect(fake.requests).toHaveLength(0);
    },
  );

  it("shows no password of its address", async () => {
    const { failure } = await asking();
    const { message } = await failure(HEAD, "https://me:hunter2@git hub.com/acme/app?token=hunter3");
    expect(message).not.toMatch(/hunter/);
  });
});
