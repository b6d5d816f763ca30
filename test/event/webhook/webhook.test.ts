import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VoucherError } from "../../../lib/errors.ts";
import { formatPush, parsePush } from "../../../lib/event/push.ts";
import { WEBHOOK_SOURCES } from "../../../lib/event/webhook/sources.ts";
import { MOST_EVENTS, parseWebhook } from "../../../lib/event/webhook/webhook.ts";
import { distributionEvent, headersOf, PUSHES } from "../../support/webhooks.ts";
import { read } from "./reading.ts";

/** JSON documents that are like `document`, with any of its members taken away or something else in its place. */
function likeness(document: unknown): fc.Arbitrary<unknown> {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.constantFrom("", "../..", "sha256:0", "\u0000", 2 ** 60),
  );
  if (typeof document !== "object" || document === null) {
    return fc.oneof({ weight: 4, arbitrary: fc.constant(document) }, { weight: 1, arbitrary: anything });
  }
  const same = Array.isArray(document)
    ? fc.tuple(...document.map(likeness))
    : fc.record(
        Object.fromEntries(Object.entries(document).map(([name, value]) => [name, likeness(value)])),
        {
          requiredKeys: [],
        },
      );
  return fc.oneof({ weight: 12, arbitrary: same }, { weight: 1, arbitrary: anything });
}

describe.each(WEBHOOK_SOURCES)("whatever comes as a webhook of %s", (source) => {
  const headers = headersOf(source);
  const readBytes = (body: Uint8Array) => parseWebhook(source, { headers, body });

  /** Reads it, or is told by our own error alone; what is read is a push that Pub/Sub's reader reads too. */
  function isTyped(body: Uint8Array): void {
    try {
      for (const one of readBytes(body)) {
        expect(["push", "ignored", "unusable"]).toContain(one.kind);
        if (one.kind === "unusable")
          expect(one.error).toMatchObject({ name: "VoucherError", code: "malformed" });
        if (one.kind === "push")
          expect(parsePush(formatPush(one))).toMatchObject({ kind: "push", image: one.image });
      }
    } catch (fault) {
      if (!(fault instanceof VoucherError)) throw fault;
      expect(["malformed", "limit"]).toContain(fault.code);
    }
  }

  it("is read, or refused with a reason: bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), isTyped), { numRuns: 300 });
  });

  it("is read, or refused with a reason: JSON", () => {
    const text = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
    fc.assert(fc.property(text, isTyped), { numRuns: 300 });
  });

  it("is read, or refused with a reason: what looks nearly like the real thing", () => {
    const text = likeness(PUSHES[source]).map((value) => Buffer.from(JSON.stringify(value) ?? ""));
    fc.assert(fc.property(text, isTyped), { numRuns: 1_000 });
  });

  it("is the same push in the format of the push topic", () => {
    const [event] = read(source, PUSHES[source]);
    if (event?.kind !== "push") throw new Error("it is no push");

    const { kind, image, tag } = event;

    expect(parsePush(formatPush(event))).toEqual({ kind, image, tag });
    expect(tag).toBe("v1");
  });
});

describe("a webhook that announces very much at once", () => {
  it("is read up to a limit, which it passes as a whole", () => {
    const events = (count: number) => ({ events: Array.from({ length: count }, () => distributionEvent()) });

    expect(read("distribution", events(MOST_EVENTS))).toHaveLength(MOST_EVENTS);
    expect(() => read("distribution", events(MOST_EVENTS + 1))).toThrow(
      expect.objectContaining({ code: "limit", message: expect.stringContaining("101 events at once") }),
    );
  });
});
