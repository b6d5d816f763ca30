import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lookIntoCheckpoint, openCheckpoint } from "../../lib/replay/checkpoint.ts";

const OF = { source: "events of /events.jsonl", into: "reviewed here" };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "voucher-checkpoint-"));
  path = join(folder, "replay.checkpoint");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Marks `keys` as done, as one run does. */
async function run(...keys: readonly string[]): Promise<void> {
  const checkpoint = await openCheckpoint(path, OF);
  await Promise.all(keys.map((key) => checkpoint.add(key)));
  await checkpoint.close();
}

async function knows(...keys: readonly string[]): Promise<readonly boolean[]> {
  const checkpoint = await openCheckpoint(path, OF);
  await checkpoint.close();
  return keys.map((key) => checkpoint.has(key));
}

describe("a checkpoint", () => {
  it("knows in the next run what was done in those before", async () => {
    await run("a", 'with "quotes" and\nlines');
    await run("b");

    expect(await knows("a", 'with "quotes" and\nlines', "b", "c")).toEqual([true, true, true, false]);
  });

  it("has written what is done as soon as it says so, and nothing before", async () => {
    const checkpoint = await openCheckpoint(path, OF);
    expect(await readFile(path, "utf8")).not.toContain('"a"');

    await checkpoint.add("a");

    expect(await readFile(path, "utf8")).toMatch(/\n"a"\n$/);
    await checkpoint.close();
  });

  it("keeps everything that is done at the same moment", async () => {
    const keys = Array.from({ length: 2_000 }, (_, at) => `key ${at}`);
    await run(...keys);

    expect((await knows(...keys)).every(Boolean)).toBe(true);
  });

  it("appears whole, and leaves nothing beside it", async () => {
    await run();

    expect(await readdir(folder)).toEqual(["replay.checkpoint"]);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ version: 1, ...OF });
  });

  it("may be an empty file at first", async () => {
    await writeFile(path, "");
    await run("a");

    expect(await knows("a")).toEqual([true]);
  });

  it.each(['"b', '"b"', "\0\0\0\0"])("does without a last line that was cut off: %j", async (torn) => {
    await run("a");
    await appendFile(path, torn);

    expect(await knows("a", "b")).toEqual([true, false]);
    await run("c");
    expect(await knows("a", "b", "c")).toEqual([true, false, true]);
  });

  it.each([
    ["of another source", { ...OF, source: "events of /others.jsonl" }],
    ["of events that went elsewhere", { ...OF, into: "published to projects/p/topics/t" }],
  ])("%s is refused, and stays as it is", async (_, other) => {
    await run("a");
    const before = await readFile(path, "utf8");

    await expect(openCheckpoint(path, other)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("is of another replay (events of /events.jsonl, reviewed here"),
    });
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it.each([
    ["an events file", '{"action":"INSERT"}\n'],
    ["a text", "hello\n"],
    ["a checkpoint of a later version", `{"checkpoint":"voucher replay","version":2}\n`],
    ["a text without a line break", "hello"],
  ])("is refused where it is %s, which stays as it is", async (_, text) => {
    await writeFile(path, text);

    await expect(openCheckpoint(path, OF)).rejects.toMatchObject({
      code: "usage",
      message: `${path} is no checkpoint of voucher replay; name another file`,
    });
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("is refused where it is damaged in the middle", async () => {
    await run("a");
    await appendFile(path, "7\n");

    await expect(openCheckpoint(path, OF)).rejects.toThrow(/line 3 of the checkpoint .* is damaged/);
  });

  it("is refused where it cannot be read or written", async () => {
    await expect(openCheckpoint(folder, OF)).rejects.toMatchObject({ code: "usage" });
    await expect(openCheckpoint(join(folder, "none", "x"), OF)).rejects.toThrow(/cannot be written/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("looking into a checkpoint", () => {
  it("knows what is done, and changes nothing", async () => {
    await run("a");
    await appendFile(path, '"torn');
    const before = await readFile(path, "utf8");

    const checkpoint = await lookIntoCheckpoint(path, OF);
    await checkpoint.add("b");
    await checkpoint.close();

    expect([checkpoint.has("a"), checkpoint.has("b")]).toEqual([true, false]);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it("makes none where there is none", async () => {
    const checkpoint = await lookIntoCheckpoint(path, OF);

    expect(checkpoint.has("a")).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });
});
