import { describe, expect, it } from "vitest";
import { pushIn } from "../../lib/replay/push-in.ts";
import { image, push } from "./events.ts";

const read = (document: object) => pushIn(Buffer.from(JSON.stringify(document)));

describe("what a message holds", () => {
  it("is a push event", () => {
    expect(pushIn(push(image(1), "v1"))).toEqual({ kind: "push", image: image(1), tag: "v1" });
  });

  it("is an announcement of Container Analysis, which needs no review, whichever it is", () => {
    const name = "projects/p/locations/eu/occurrences/1";
    const build = read({ name, kind: "BUILD", notificationTime: "2026-11-25T12:00:00Z" });

    expect(build).toMatchObject({
      kind: "ignored",
      reason: expect.stringMatching(/^an announcement .* owes/),
    });
    expect(read({ name, kind: "VULNERABILITY" })).toEqual(build);
  });

  it("is neither where it only looks like one: that of push events is said", () => {
    const sentence = /no registry push event: action is missing/;
    expect(() => read({ name: "projects/p/notes/1", kind: "BUILD" })).toThrow(sentence);
    expect(() => read({ name: "projects/p/occurrences/1" })).toThrow(sentence);
  });
});
