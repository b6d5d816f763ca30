import { describe, expect, it } from "vitest";
import { eventsIn } from "../../lib/replay/file-source.ts";
import { everythingOf, fileOf, image, inWords, push } from "./events.ts";

describe("the events of a file", () => {
  it("are its lines but the blank ones, each with its number, and how far it is into the file", async () => {
    const content = `${push(image(1), "v1")}\n\n  \r\n${push(image(2))}`;
    const all = await everythingOf(eventsIn(fileOf(content)));

    expect(all.map(({ found, read }) => [found.where, inWords(read)])).toEqual([
      ["line 1", `gcr.io/project/app:v1@${image(1).digest}`],
      ["line 4", `gcr.io/project/app@${image(2).digest}`],
    ]);
    expect(all.at(-1)?.found).toMatchObject({ through: content.length, of: content.length });
  });

  it("are read on after a line that holds none", async () => {
    const all = await everythingOf(eventsIn(fileOf(`{\n${push(image(1))}\n7\n`)));

    expect(all.map(({ read }) => inWords(read))).toEqual([
      "malformed: the document is not JSON",
      `gcr.io/project/app@${image(1).digest}`,
      "malformed: it is no JSON object",
    ]);
  });

  it("are told to be written one a line where the file is one list", async () => {
    const list = JSON.stringify([{ message: {} }], null, 2);

    await expect(everythingOf(eventsIn(fileOf(list)))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("jq -c '.[]'"),
    });
  });

  it("end where the replay is stopped", async () => {
    const stop = new AbortController();
    const source = eventsIn(fileOf(`${push(image(1))}\n`.repeat(10)));
    let seen = 0;
    for await (const _ of source.events(stop.signal)) {
      seen += 1;
      if (seen === 3) stop.abort();
    }

    expect(seen).toBe(3);
  });
});
