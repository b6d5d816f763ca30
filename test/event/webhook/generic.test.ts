import { describe, expect, it } from "vitest";
import { DIGEST } from "../../support/webhooks.ts";
import { pushed, read, whyUnread } from "./reading.ts";

const IMAGE = `registry.example.com/team/app@${DIGEST}`;

describe("our own format", () => {
  it("names an image by its digest, and its tag where it has one", () => {
    expect(read("generic", { image: IMAGE, tag: "v1" })).toEqual([pushed("registry.example.com")]);
    expect(read("generic", { image: IMAGE })).toEqual([
      { kind: "push", image: { registry: "registry.example.com", repository: "team/app", digest: DIGEST } },
    ]);
  });

  it("may name the tag as tools do, before the digest", () => {
    const image = `registry.example.com/team/app:v1@${DIGEST}`;
    expect(read("generic", { image })).toEqual([pushed("registry.example.com")]);
  });

  it("reads Docker Hub's short names as everybody does", () => {
    expect(read("generic", { image: `alpine@${DIGEST}` })).toMatchObject([
      { image: { registry: "docker.io", repository: "library/alpine" } },
    ]);
  });

  it("may have members that nobody knows", () => {
    expect(read("generic", { image: IMAGE, build: 7 })).toMatchObject([{ kind: "push" }]);
  });

  it("ends here for cosign's own tags", () => {
    expect(read("generic", { image: IMAGE, tag: `sha256-${"5e".repeat(32)}.att` })).toMatchObject([
      { kind: "ignored" },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a list", [IMAGE], /not of the form/],
    ["no image", { tag: "v1" }, /not of the form \{"image":"HOST\/REPO@DIGEST"/],
    ["no digest", { image: "registry.example.com/team/app:v1" }, /a digest is needed/],
    ["an image that is none", { image: "://" }, /can't use/],
    ["a tag that is none", { image: IMAGE, tag: "a b" }, /a tag has at most/],
    ["an empty tag", { image: IMAGE, tag: "" }, /a tag has at most/],
    ["a key given twice", `{"image":"x","image":"${IMAGE}"}`, /given twice/],
  ])("cannot be read: %s", (_, document, reason) => {
    expect(whyUnread(() => read("generic", document))).toMatch(reason);
  });
});
