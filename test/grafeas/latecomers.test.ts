import { describe, expect, it } from "vitest";
import { latecomers } from "../../lib/grafeas/latecomers.ts";
import { parseOccurrenceV1Beta1 } from "../../lib/grafeas/occurrence-v1beta1.ts";
import { platformImage } from "../support/fake-images.ts";

const amd64 = platformImage("linux/amd64").reference;
const arm64 = platformImage("linux/arm64").reference;

interface Given {
  readonly id: string;
  readonly createTime?: string;
  readonly note?: string;
  readonly kind?: string;
  readonly subject?: typeof amd64;
}

function held({ id, createTime, note = "nobody", kind = "ATTESTATION", subject = amd64 }: Given) {
  const document = {
    name: nameOf(id),
    kind,
    noteName: `projects/p/notes/${note}`,
    ...(createTime === undefined ? {} : { createTime }),
  };
  const occurrence = parseOccurrenceV1Beta1(document);
  if (occurrence === undefined) throw new Error("the document is no occurrence");
  return { occurrence, subject, document };
}

const nameOf = (id: string) => `projects/p/occurrences/${id}`;
const late = (standing: readonly Given[], ours: readonly string[]) =>
  latecomers(standing.map(held), new Set(ours.map(nameOf))).map((name) => name.split("/").at(-1));

const FIRST = "2026-11-25T16:34:00.606988053Z";
const AFTER = "2026-11-25T16:34:00.606988054Z";

describe("of two attestations in one place, the one that came later", () => {
  it("is told by the nanosecond, whatever their order in the list and their names", () => {
    const two = [
      { id: "a", createTime: AFTER },
      { id: "b", createTime: FIRST },
    ];
    expect(late(two, ["a"])).toEqual(["a"]);
    expect(late(two, ["b"])).toEqual([]);
    expect(late(two.toReversed(), ["a", "b"])).toEqual(["a"]);
  });

  it.each([
    ["2026-11-25T16:34:00Z", "2026-11-25T16:34:00.100Z"],
    ["2026-11-25T16:34:00.100Z", "2026-11-25T16:34:00.100000001Z"],
    ["2026-11-25T16:34:00.999999999Z", "2026-11-25T16:34:01Z"],
  ])("is told where fewer digits are written: %s before %s", (first, after) => {
    const two = [
      { id: "a", createTime: after },
      { id: "b", createTime: first },
    ];
    expect(late(two, ["a", "b"])).toEqual(["a"]);
  });

  it("is told by name where both came at once, so that everyone tells the same", () => {
    const two = [
      { id: "b", createTime: FIRST },
      { id: "a", createTime: FIRST },
    ];
    expect(late(two, ["a", "b"])).toEqual(["b"]);
  });

  it("is not one without a time: what was there before times were kept came first", () => {
    expect(late([{ id: "a", createTime: FIRST }, { id: "b" }], ["a", "b"])).toEqual(["a"]);
  });

  it("is left to whoever made it", () => {
    const three = [
      { id: "a", createTime: FIRST },
      { id: "b", createTime: AFTER },
      { id: "c", createTime: AFTER },
    ];
    expect(late(three, ["c"])).toEqual(["c"]);
  });
});

describe("attestations that are not in one place", () => {
  it.each<[string, Partial<Given>]>([
    ["of another note", { note: "diy" }],
    ["on another image", { subject: arm64 }],
    ["of another kind", { kind: "BUILD" }],
  ])("are in nobody's way: %s", (_, other) => {
    expect(
      late(
        [
          { id: "a", createTime: FIRST, ...other },
          { id: "b", createTime: AFTER },
        ],
        ["b"],
      ),
    ).toEqual([]);
  });
});
