import { describe, expect, it } from "vitest";
import { formatReference } from "../../lib/image/reference.ts";
import { imagesAttested, imagesIn } from "../../lib/replay/image-source.ts";
import { everythingOf, fileOf, image, inWords, repositoriesOf } from "./events.ts";

const IMAGE = formatReference(image(1));

async function imagesOf(content: string) {
  const repositories = repositoriesOf({ tags: [] }, { v1: image(1).digest, latest: image(2).digest });
  const all = await everythingOf(imagesIn(fileOf(content), repositories));
  return { repositories, words: all.map(({ found, read }) => `${found.where}: ${inWords(read)}`), all };
}

describe("the images that a file names", () => {
  it("are looked up by their tags, and not at all where they are named by their digests", async () => {
    const { words, repositories } = await imagesOf(
      `gcr.io/project/app:v1\n${IMAGE}\ngcr.io/project/app:v9@${image(3).digest}\ngcr.io/project/app\n`,
    );

    expect(words).toEqual([
      `line 1: gcr.io/project/app:v1@${image(1).digest}`,
      `line 2: ${IMAGE}`,
      `line 3: gcr.io/project/app:v9@${image(3).digest}`,
      `line 4: gcr.io/project/app:latest@${image(2).digest}`,
    ]);
    expect(repositories.asked).toEqual(["gcr.io/project/app:v1", "gcr.io/project/app:latest"]);
  });

  it("stand among remarks and blank lines", async () => {
    const { words } = await imagesOf(`# ours\n\n  ${IMAGE}  # the first\r\n`);

    expect(words).toEqual([`line 3: ${IMAGE}`]);
  });

  it("are one event for each digest, whatever they are named by", async () => {
    const { all } = await imagesOf(`gcr.io/project/app:v1\n${IMAGE}\n`);

    expect(new Set(all.map(({ read }) => read.key)).size).toBe(1);
  });

  it.each([
    ["that are not there", "gcr.io/project/app:v7", "not-found: v7 is not there"],
    ["that are no names", "UPPER CASE", "usage: can't use"],
    ["with a digest that is none", "gcr.io/p/app@sha256:1", "usage: can't use"],
    ["that are too long", "a".repeat(5_000), "malformed: it has more than 4096 bytes"],
  ])("%s are told", async (_, line, words) => {
    const all = await imagesOf(`${line}\n${IMAGE}\n`);

    expect(all.words[0]).toContain(`line 1: ${words}`);
    expect(all.words[1]).toBe(`line 2: ${IMAGE}`);
  });

  it("are not asked for where a tag says that it is none", async () => {
    const tag = `sha256-${"a".repeat(64)}.sig`;
    const { words, repositories } = await imagesOf(`gcr.io/project/app:${tag}\n`);

    expect(words).toEqual(["line 1: ignored"]);
    expect(repositories.asked).toEqual([]);
  });
});

describe("the images that are attested for a check", () => {
  it("happened when they were attested", async () => {
    const since = new Date("2026-11-01T00:00:00Z");
    const source = imagesAttested("nobody", async () => [{ image: image(1), since }, { image: image(2) }]);
    const all = await everythingOf(source);

    expect(all.map(({ read }) => [inWords(read), read.time])).toEqual([
      [IMAGE, since],
      [formatReference(image(2)), undefined],
    ]);
    expect(all.map(({ found }) => [found.through, found.of])).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("are a push event each, for whoever reviews it elsewhere", async () => {
    const [first] = await everythingOf(imagesAttested("nobody", async () => [{ image: image(1) }]));

    expect(first?.read).toMatchObject({
      key: IMAGE,
      message: { data: Buffer.from(JSON.stringify({ action: "INSERT", digest: IMAGE })), attributes: {} },
    });
  });
});
