import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { traceOf } from "../../lib/event/trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = `00-${TRACE}-${SPAN}-01`;
const OTHER = `00-${"1".repeat(32)}-${"2".repeat(16)}-00`;

describe("the trace that an event continues", () => {
  it("is the one of its message, whatever request brought it", () => {
    expect(traceOf({ traceparent: OTHER }, { googclient_traceparent: PARENT })).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
    });
    expect(traceOf({ traceparent: OTHER }, { traceparent: PARENT })?.traceId).toBe(TRACE);
  });

  it("is else the one of its request, with what vendors add", () => {
    const headers = { traceparent: PARENT, tracestate: "congo=t61rcWkgMzE" };
    expect(traceOf(headers, { traceparent: "nonsense" })).toMatchObject({
      traceId: TRACE,
      state: "congo=t61rcWkgMzE",
    });
    expect(traceOf({ traceparent: OTHER })?.sampled).toBe(false);
  });

  it("is read from Google's older header, whose span is a decimal number", () => {
    const header = { "x-cloud-trace-context": `${TRACE.toUpperCase()}/13235353014750950193;o=1` };
    expect(traceOf(header)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(traceOf({ "x-cloud-trace-context": `${TRACE}/1` })).toMatchObject({
      spanId: "0000000000000001",
      sampled: false,
    });
  });

  it("is none where nothing that was sent can be read", () => {
    const wrong = [
      "",
      `ff-${TRACE}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01x`,
    ];
    for (const traceparent of wrong) expect(traceOf({ traceparent }), traceparent).toBeUndefined();
    expect(traceOf({ "x-cloud-trace-context": `${TRACE}/0;o=1` })).toBeUndefined();
  });

  it("of a later version is read as far as this one goes", () => {
    expect(traceOf({ traceparent: `01-${TRACE}-${SPAN}-01-what-comes-next` })?.traceId).toBe(TRACE);
  });

  it("whatever is sent, is well formed or none", () => {
    const text = fc.oneof(fc.string(), fc.constantFrom(PARENT, `${TRACE}/5;o=1`));
    const anything = fc.dictionary(
      fc.constantFrom("traceparent", "tracestate", "googclient_traceparent", "x-cloud-trace-context"),
      text,
    );
    fc.assert(
      fc.property(anything, anything, (headers, attributes) => {
        const found = traceOf(headers, attributes);
        if (found === undefined) return;
        expect(found.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(found.spanId).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });
});
