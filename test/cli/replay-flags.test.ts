import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ReplayFlags, replayRequestOf } from "../../lib/cli/replay-flags.ts";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-flags-"));
  file = join(folder, "events.jsonl");
  await writeFile(file, "some bytes\n");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the flags of a replay", () => {
  it("name a file by its whole path, and know its size", async () => {
    const { source } = await replayRequestOf({ file });

    expect(source).toMatchObject({ kind: "file", file: { name: file, size: 11 } });
  });

  it("read the file when it is needed", async () => {
    const { source } = await replayRequestOf({ images: file });
    if (source.kind !== "images") throw new Error("it is another source");
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.file.chunks()) chunks.push(chunk);

    expect(Buffer.concat(chunks).toString()).toBe("some bytes\n");
  });

  it.each<[ReplayFlags, object]>([
    [{ deadLetter: "graveyard" }, { kind: "dead-letter", subscription: "graveyard", discard: false }],
    [
      { deadLetter: "graveyard", discard: true },
      { kind: "dead-letter", discard: true },
    ],
    [
      { repository: "gcr.io/p/app" },
      { kind: "repository", repository: { registry: "gcr.io", repository: "p/app" } },
    ],
    [{ attested: "nobody" }, { kind: "attested", check: "nobody" }],
  ])("name a source: %j", async (flags, source) => {
    expect((await replayRequestOf(flags)).source).toMatchObject(source);
  });

  it("say the rest, or leave it to what is usual", async () => {
    expect(await replayRequestOf({ attested: "nobody" })).toMatchObject({
      selection: { filters: [], since: undefined, until: undefined },
      topic: undefined,
      dryRun: false,
      force: false,
      concurrency: 10,
      rate: undefined,
      checkpoint: undefined,
    });
    const flags = {
      filter: ["tag=v*", "reason=waited"],
      since: "2026-11-25",
      until: "2026-11-26T01:00:00+01:00",
      toTopic: "gcr",
      dryRun: true,
      rate: 5,
      concurrency: 2,
      checkpoint: "/tmp/x",
    };
    expect(await replayRequestOf({ attested: "nobody", ...flags })).toMatchObject({
      selection: {
        filters: [{ key: "tag" }, { key: "reason" }],
        since: new Date("2026-11-25T00:00:00Z"),
        until: new Date("2026-11-26T00:00:00Z"),
      },
      topic: "gcr",
      dryRun: true,
      rate: 5,
      concurrency: 2,
      checkpoint: "/tmp/x",
    });
  });

  it.each<[string, ReplayFlags, string]>([
    ["no source", {}, "say what to replay"],
    ["two sources", { attested: "nobody", repository: "gcr.io/p/app" }, "name one source"],
    ["a tag without a repository", { attested: "nobody", tag: "v*" }, "--tag goes with --repository"],
    [
      "something to discard elsewhere",
      { attested: "nobody", discard: true },
      "--discard goes with --dead-letter",
    ],
    [
      "force for a topic",
      { attested: "nobody", force: true, toTopic: "gcr" },
      "--force goes without --to-topic",
    ],
    ["a repository that is an image", { repository: "gcr.io/p/app:v1" }, "is an image"],
    ["a repository that is none", { repository: "UPPER" }, "can't use"],
    ["a filter that is none", { attested: "nobody", filter: ["x"] }, "is no filter"],
    ["a time that is none", { attested: "nobody", until: "soon" }, '--until: "soon" is no date'],
    ["a file that is not there", { file: "/nowhere/events.jsonl" }, "/nowhere/events.jsonl cannot be read"],
    ["a folder", { images: "/" }, "/ cannot be read: it is a folder"],
  ])("are refused where they name %s", async (_, flags, sentence) => {
    await expect(replayRequestOf(flags)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(sentence),
    });
  });
});
