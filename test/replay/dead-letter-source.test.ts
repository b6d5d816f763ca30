import { describe, expect, it } from "vitest";
import type { Backlog } from "../../lib/ports/sources.ts";
import { deadLetters } from "../../lib/replay/dead-letter-source.ts";
import { everythingOf, image, inWords, push } from "./events.ts";

describe("the messages of a dead-letter subscription", () => {
  it("are events under their ids, and are acknowledged one by one", async () => {
    const acknowledged: string[] = [];
    const message = (messageId: string, data: Uint8Array) => ({
      envelope: { messageId, data, attributes: { "voucher-reason": "waited" } },
      acknowledge: async () => void acknowledged.push(messageId),
    });
    const backlog: Backlog = {
      async *messages() {
        yield message("1", push(image(1)));
        yield message("2", Buffer.from("{"));
      },
      release: async () => {},
    };
    const all = await everythingOf(deadLetters("projects/p/subscriptions/s", backlog));
    await all[1]?.found.acknowledge?.();

    expect(all.map(({ found, read }) => [found.where, read.key, read.reason, inWords(read)])).toEqual([
      ["message 1", "1", "waited", `gcr.io/project/app@${image(1).digest}`],
      ["message 2", "2", "waited", "malformed: the document is not JSON"],
    ]);
    expect(acknowledged).toEqual(["2"]);
  });
});
