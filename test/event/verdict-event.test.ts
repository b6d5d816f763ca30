import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parseVerdictEvent, verdictEventJsonSchema, verdictEventOf } from "../../lib/event/verdict-event.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const VERDICT = {
  image: `gcr.io/project/app@${DIGEST}`,
  tag: "v1",
  kind: "image",
  success: true,
  attested: true,
  results: [{ name: "diy", status: "pass", success: true, attested: true }],
  platforms: [],
  skipped: [],
};
const EVENT = {
  specversion: "1.0",
  type: "dev.voucher.verdict.v1",
  source: "voucher",
  id: "17-0123456789abcdef",
  time: "2026-11-25T12:00:00.000Z",
  subject: VERDICT.image,
  datacontenttype: "application/json",
  outcome: "attested",
  success: true,
  data: VERDICT,
};
const BINARY = {
  "ce-specversion": "1.0",
  "ce-type": "dev.voucher.verdict.v1",
  "ce-source": "voucher",
  "ce-id": EVENT.id,
  "ce-time": EVENT.time,
  "ce-subject": EVENT.subject,
  "ce-outcome": "attested",
  "ce-success": "true",
  "content-type": "application/json",
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe("docs/verdict-event.schema.json", () => {
  const schema = JSON.parse(
    readFileSync(new URL("../../docs/verdict-event.schema.json", import.meta.url), "utf8"),
  );

  it("is what the code generates; `node test/event/write-verdict-schema.ts` writes it anew", () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(verdictEventJsonSchema())));
  });

  it("knows a verdict event, and one that is none", () => {
    const validate = new Ajv2020().compile(schema);
    expect(validate(EVENT)).toBe(true);
    expect(validate({ ...EVENT, type: "dev.voucher.verdict.v2" })).toBe(false);
    expect(validate({ ...EVENT, data: { ...VERDICT, platforms: undefined } })).toBe(false);
  });
});

describe("a Pub/Sub message with a verdict event", () => {
  it("is read in binary mode, its attributes the event's own", () => {
    expect(verdictEventOf({ data: bytes(VERDICT), attributes: { ...BINARY, other: "x" } })).toEqual(EVENT);
  });

  it("is read in structured mode", () => {
    const attributes = { "content-type": "application/cloudevents+json; charset=utf-8" };
    expect(verdictEventOf({ data: bytes(EVENT), attributes })).toEqual(EVENT);
  });

  it("is none where it is a push event, or another CloudEvent", () => {
    expect(verdictEventOf({ data: bytes({ action: "INSERT" }), attributes: {} })).toBeUndefined();
    const other = { ...BINARY, "ce-type": "com.example.other" };
    expect(verdictEventOf({ data: bytes(VERDICT), attributes: other })).toBeUndefined();
    const structured = { "content-type": "application/cloudevents+json" };
    expect(verdictEventOf({ data: bytes({ ...EVENT, type: "x" }), attributes: structured })).toBeUndefined();
  });

  it("that cannot be read is malformed, and the message says what is wrong", () => {
    const { image: _, ...imageless } = VERDICT;
    expect(() => verdictEventOf({ data: bytes(imageless), attributes: BINARY })).toThrow(/data\.image/);
    expect(() => verdictEventOf({ data: Buffer.from("{"), attributes: BINARY })).toThrow();
    expect(() => parseVerdictEvent({ ...EVENT, success: "yes" })).toThrow(/success/);
  });
});
