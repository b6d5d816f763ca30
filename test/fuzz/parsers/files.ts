import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "../../../lib/replay/checkpoint.ts";
import { isUnreadable } from "../../../lib/replay/event.ts";
import { eventsIn } from "../../../lib/replay/file-source.ts";
import { readLine } from "../../../lib/replay/read-line.ts";
import type { Parser } from "../parser.ts";
import { EVENT_LINES } from "./events.ts";

const OF = { source: "events of /events.jsonl", into: "reviewed here" };
const HEADER = JSON.stringify({ checkpoint: "voucher replay", version: 1, ...OF });
const NEW_KEY = "the key that is added";

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export const FILES: readonly Parser[] = [
  {
    name: "a line of events.jsonl",
    samples: { json: EVENT_LINES },
    refuses: ["malformed"],
    read(bytes) {
      const found = readLine(bytes);
      if (isUnreadable(found)) throw found.error;
      return found;
    },
  },
  {
    name: "events.jsonl",
    samples: {
      text: [
        EVENT_LINES.map((line) => JSON.stringify(line)).join("\n"),
        JSON.stringify(EVENT_LINES, null, 2),
      ],
      words: ["\n", "\r\n", "[", '{"action":"DELETE"}\n', "}\n{", "\ufeff"],
    },
    refuses: ["usage", "malformed"],
    heavy: true,
    async read(bytes) {
      let first: unknown;
      let events = 0;
      const source = eventsIn({ name: "events.jsonl", chunks: () => inOne(bytes) });
      for await (const { read } of source.events(new AbortController().signal)) {
        const found = await read(() => new AbortController().signal);
        if (!isUnreadable(found)) events += 1;
        else if (found.error.code !== "malformed") throw found.error;
        else first ??= found.error;
      }
      if (events === 0 && first !== undefined) throw first;
      return events;
    },
  },
  {
    name: "a checkpoint",
    samples: {
      text: ["", `${HEADER}\n`, `${HEADER}\n"one"\n"two \\"quoted\\""\n"th`],
      words: ["\n", '"', "{", "null\n", "1\n", '"\n"', '"a"\n', "[]", HEADER],
    },
    refuses: ["usage"],
    heavy: true,
    async read(bytes, folder) {
      const path = join(folder, "replay.checkpoint");
      await writeFile(path, bytes);
      const checkpoint = await openCheckpoint(path, OF);
      await checkpoint.add(NEW_KEY);
      await checkpoint.close();
      const again = await openCheckpoint(path, OF);
      await again.close();
      for (const key of ["one", NEW_KEY]) {
        if (again.has(key) !== (key === NEW_KEY || checkpoint.has(key))) throw new Error(`it forgot ${key}`);
      }
      return again;
    },
  },
];
