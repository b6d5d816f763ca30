import { describe, expect, it } from "vitest";
import { parseOccurrenceEvent } from "../../lib/event/occurrence.ts";

const parse = (event: unknown) => parseOccurrenceEvent(Buffer.from(JSON.stringify(event)));
const name = "projects/p/occurrences/1";

describe("an announcement of Container Analysis", () => {
  it.each(["DISCOVERY", "BUILD"] as const)("of a %s names the occurrence to read", (kind) => {
    const event = { name, kind, notificationTime: "2026-11-25T12:00:00Z" };
    expect(parse(event)).toEqual({ kind: "occurrence", name, announces: kind });
  });

  it("may name an occurrence in a location", () => {
    const located = "projects/p/locations/us/occurrences/1";
    expect(parse({ name: located, kind: "BUILD" })).toMatchObject({ name: located });
  });

  it.each(["VULNERABILITY", "ATTESTATION", "PACKAGE", "SOME_NEW_KIND"])(
    "of kind %s is ignored by its kind alone",
    (kind) => {
      expect(parse({ name, kind })).toMatchObject({ kind: "ignored" });
    },
  );

  it.each([
    ["a name that climbs", { name: "projects/p/../../secrets", kind: "BUILD" }],
    ["a name with a query", { name: `${name}?alt=media`, kind: "BUILD" }],
    ["no kind", { name }],
    ["no object", "BUILD"],
  ])("with %s is refused", (_, event) => {
    expect(() => parse(event)).toThrow(/Container Analysis notification/);
  });

  it("that is no JSON is refused", () => {
    expect(() => parseOccurrenceEvent(Buffer.from("{"))).toThrow(/not JSON/);
  });
});
