import { describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import type { ReplayEvent, Unreadable } from "../../lib/replay/event.ts";
import { parseFilter, type Selection, select } from "../../lib/replay/filter.ts";
import { eventOf, image, push } from "./events.ts";

const TIME = new Date("2026-11-25T12:00:00Z");
const event = eventOf(push(image(1), "v1.2"), { reason: "waited", time: TIME });
const untagged = eventOf(push(image(1)));
const deleted = eventOf(Buffer.from('{"action":"DELETE","tag":"gcr.io/project/app:v1"}'));
const unreadable: Unreadable = { key: "?", error: new VoucherError("malformed", "not JSON") };

function selected(of: ReplayEvent | Unreadable, filters: readonly string[], window: Partial<Selection> = {}) {
  return select({ filters: filters.map(parseFilter), ...window }, of);
}

describe("a selection", () => {
  it("takes everything where nothing is asked for", () => {
    for (const one of [event, untagged, deleted, unreadable]) expect(selected(one, [])).toBe("yes");
  });

  it.each([
    ["repository=gcr.io/project/*"],
    ["repository=project/app"],
    [`digest=${image(1).digest}`],
    ["digest=sha256:*"],
    ["tag=v1.*"],
    ["reason=wait*"],
  ])("takes an event by %s", (filter) => {
    expect(selected(event, [filter])).toBe("yes");
  });

  it.each([
    ["repository=gcr.io/other/*"],
    ["repository=app"],
    ["digest=sha512:*"],
    ["tag=v2*"],
    ["reason=attempts"],
  ])("leaves an event out by %s", (filter) => {
    expect(selected(event, [filter])).toBe("no");
  });

  it("asks of each key that any of its filters matches, and of all keys that they do", () => {
    expect(selected(event, ["tag=v2*", "tag=v1*"])).toBe("yes");
    expect(selected(event, ["tag=v1*", "reason=attempts"])).toBe("no");
  });

  it("leaves out what an event lacks, whatever the pattern", () => {
    expect(selected(untagged, ["tag=*"])).toBe("no");
    expect(selected(untagged, ["reason=*"])).toBe("no");
    expect(selected(deleted, ["repository=*"])).toBe("no");
  });

  it.each([
    ["from its moment on", { since: TIME }, "yes"],
    ["from later on", { since: new Date(TIME.getTime() + 1) }, "no"],
    ["until its moment, which is no longer in it", { until: TIME }, "no"],
    ["until later", { until: new Date(TIME.getTime() + 1) }, "yes"],
  ])("has a window: %s", (_, window, expected) => {
    expect(selected(event, [], window)).toBe(expected);
  });

  it("leaves out of every window what has no time", () => {
    expect(selected(untagged, [], { since: new Date(0) })).toBe("no");
    expect(selected(untagged, [], { until: new Date(8e15) })).toBe("no");
  });
});

describe("what cannot be read", () => {
  it("is left out by nothing that it does not say", () => {
    expect(selected(unreadable, ["repository=x", "tag=y", "reason=z"])).toBe("unknown");
    expect(selected(unreadable, [], { since: TIME })).toBe("unknown");
  });

  it("is selected by what is known of it", () => {
    const dead = { ...unreadable, reason: "malformed", time: TIME };
    expect(selected(dead, ["reason=malformed"], { since: TIME })).toBe("yes");
    expect(selected(dead, ["reason=waited"])).toBe("no");
    expect(selected(dead, ["reason=malformed", "repository=x"])).toBe("unknown");
    expect(selected(dead, ["repository=x"], { until: TIME })).toBe("no");
  });
});

describe("a filter", () => {
  it.each(["tag", "tag=", "=v1", "Tag=v1", "name=x", "", "tag:v1"])("is not %j", (text) => {
    expect(() => parseFilter(text)).toThrow(/is no filter; write repository\|digest\|tag\|reason=GLOB/);
  });

  it("may have an equals sign in its pattern", () => {
    expect(parseFilter("reason=a=b").glob("a=b")).toBe(true);
  });
});
