import { describe, expect, it } from "vitest";
import { formatReference, parseReference } from "../../lib/image/reference.ts";
import type { Listing } from "../../lib/ports/sources.ts";
import { parseGlob } from "../../lib/replay/glob.ts";
import { imagesOfRepository, parseRepository } from "../../lib/replay/repository-source.ts";
import { everythingOf, image, inWords, repositoriesOf } from "./events.ts";

const REPOSITORY = parseReference("gcr.io/project/app");
const named = (number: number, tag?: string) =>
  formatReference({ ...image(number), ...(tag === undefined ? {} : { tag }) });

async function imagesOf(listing: Listing, tag?: string) {
  const repositories = repositoriesOf(listing, {
    v1: image(1).digest,
    v2: image(2).digest,
    latest: image(2).digest,
  });
  const glob = tag === undefined ? undefined : parseGlob(tag);
  const all = await everythingOf(imagesOfRepository(REPOSITORY, glob, repositories));
  return { all, words: all.map(({ read }) => inWords(read)), repositories };
}

describe("the images of a repository", () => {
  it("are what its tags name now", async () => {
    const { words, all } = await imagesOf({ tags: ["v1", "v2", "latest"] });

    expect(words).toEqual([named(1, "v1"), named(2, "v2"), named(2, "latest")]);
    expect(all.map(({ found }) => `${found.through} of ${found.of}`)).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
    expect(new Set(all.map(({ read }) => read.key)).size).toBe(2);
  });

  it("are those of the tags that are asked for, and no other is looked up", async () => {
    const { words, repositories } = await imagesOf({ tags: ["v1", "v2", "latest"] }, "v*");

    expect(words).toEqual([named(1, "v1"), named(2, "v2")]);
    expect(repositories.asked).toEqual([
      "list gcr.io/project/app",
      "gcr.io/project/app:v1",
      "gcr.io/project/app:v2",
    ]);
  });

  it("lack the tag that is gone meanwhile, which is told", async () => {
    const { words } = await imagesOf({ tags: ["gone", "v1"] });

    expect(words).toEqual(["not-found: gone is not there", named(1, "v1")]);
  });

  it("are not what signatures and referrers are kept under, which is not even asked for", async () => {
    const { words, repositories } = await imagesOf({ tags: [`sha256-${"a".repeat(64)}.att`] });

    expect(words).toEqual(["ignored"]);
    expect(repositories.asked).toEqual(["list gcr.io/project/app"]);
  });
});

describe("the images of a repository whose registry lists its manifests", () => {
  const uploadedAt = new Date("2026-11-01T00:00:00Z");
  const listing: Listing = {
    tags: ["v1", "v2", "latest"],
    manifests: [
      { digest: image(1).digest, tags: ["v1"], uploadedAt },
      { digest: image(2).digest, tags: ["v2", "latest"] },
      { digest: image(3).digest, tags: [], uploadedAt },
    ],
  };

  it("are all of them, the untagged ones too, with their times and without another request", async () => {
    const { words, all, repositories } = await imagesOf(listing);

    expect(words).toEqual([named(1, "v1"), named(2, "v2"), named(2, "latest"), named(3)]);
    expect(all.map(({ read }) => read.time)).toEqual([uploadedAt, undefined, undefined, uploadedAt]);
    expect(repositories.asked).toEqual(["list gcr.io/project/app"]);
  });

  it("are not lost where signatures seem to be kept under another tag of theirs", async () => {
    const tags = [`sha256-${"a".repeat(64)}.sig`, "v1"];
    const { all, words } = await imagesOf({ tags, manifests: [{ digest: image(1).digest, tags }] });

    expect(words).toEqual(["ignored", named(1, "v1")]);
    expect(new Set(all.map(({ read }) => read.key)).size).toBe(2);
  });

  it("are tagged ones where tags are asked for", async () => {
    expect((await imagesOf(listing, "*")).words).toEqual([
      named(1, "v1"),
      named(2, "v2"),
      named(2, "latest"),
    ]);
    expect((await imagesOf(listing, "lat*")).words).toEqual([named(2, "latest")]);
  });
});

describe("a repository", () => {
  it("is named without a tag and without a digest", () => {
    expect(parseRepository("localhost:5000/team/app")).toEqual({
      registry: "localhost:5000",
      repository: "team/app",
    });
    for (const text of ["gcr.io/p/app:v1", named(1)]) {
      expect(() => parseRepository(text)).toThrow(/is an image; name its repository alone/);
    }
  });
});
