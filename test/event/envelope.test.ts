import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Headers, parseEnvelope } from "../../lib/event/envelope.ts";

const PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished";
const SUBSCRIPTION = "projects/p/subscriptions/s";
const pushBody = {
  message: {
    data: Buffer.from('{"action":"INSERT"}').toString("base64"),
    messageId: "2070443601311540",
    message_id: "2070443601311540",
    publishTime: "2026-11-25T12:00:00.123Z",
    publish_time: "2026-11-25T12:00:00.123Z",
    attributes: { origin: "gcr" },
  },
  subscription: SUBSCRIPTION,
  deliveryAttempt: 3,
};
const cloudEvent = {
  specversion: "1.0",
  id: "2070443601311540",
  source: "//pubsub.googleapis.com/projects/p/topics/gcr",
  type: PUBLISHED,
  datacontenttype: "application/json",
  data: pushBody,
};
const binaryHeaders = {
  "ce-specversion": "1.0",
  "ce-id": "2070443601311540",
  "ce-source": cloudEvent.source,
  "ce-type": PUBLISHED,
  "content-type": "application/json",
};

const read = (body: unknown, headers: Headers = {}) =>
  parseEnvelope(headers, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
const refused = (body: unknown, headers: Headers = {}) => expect(() => read(body, headers));
const malformed = expect.objectContaining({
  name: "VoucherError",
  code: "malformed",
  message: expect.stringMatching(/^the request is no Pub\/Sub push message: |^the /),
});

const envelope = {
  messageId: "2070443601311540",
  data: Buffer.from('{"action":"INSERT"}'),
  attributes: { origin: "gcr" },
  publishTime: new Date("2026-11-25T12:00:00.123Z"),
  subscription: SUBSCRIPTION,
  deliveryAttempt: 3,
};

describe("a Pub/Sub message is the same", () => {
  it.each<[string, unknown, Headers]>([
    ["as a raw push", pushBody, { "content-type": "application/json" }],
    ["as a structured CloudEvent", cloudEvent, { "content-type": "application/cloudevents+json" }],
    ["as a binary CloudEvent", pushBody, binaryHeaders],
  ])("%s", (_, body, headers) => {
    expect(read(body, headers)).toEqual(envelope);
  });

  it("with its members in snake case alone, as CloudEvents may have them", () => {
    const { messageId: _, publishTime: __, ...message } = pushBody.message;
    expect(read({ ...pushBody, message })).toEqual(envelope);
  });
});

describe("what a message may leave out", () => {
  it("is everything but the message itself", () => {
    expect(read({ message: {} })).toEqual({ messageId: "", data: Buffer.alloc(0), attributes: {} });
  });

  it("is its attributes, by null", () => {
    expect(read({ message: { attributes: null } }).attributes).toEqual({});
  });

  it("is a time that can be read", () => {
    expect(read({ message: { publishTime: "yesterday" } })).not.toHaveProperty("publishTime");
  });
});

describe("a body that is no push message", () => {
  it.each<[string, unknown, Headers?]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["HTML", "<html></html>"],
    ["null", "null"],
    ["a list", []],
    ["a text", '"x"'],
    ["an empty object", {}],
    ["a message that is null", { message: null }],
    ["a message that is a list", { message: [] }],
    ["data that is no base64", { message: { data: "%%%" } }],
    ["data in base64url", { message: { data: "_-8" } }],
    ["data that is null", { message: { data: null } }],
    ["data that is JSON already", { message: { data: { action: "INSERT" } } }],
    ["attributes that are a list", { message: { attributes: ["a"] } }],
    ["an attribute that is a number", { message: { attributes: { a: 1 } } }],
    ["a message id that is a number", { message: { messageId: 1 } }],
    ["half an attempt", { ...pushBody, deliveryAttempt: 1.5 }],
    ["an attempt as text", { ...pushBody, deliveryAttempt: "3" }],
    ["a key given twice", '{"message":{"data":"e30="},"message":{"data":""}}'],
    ["an integer that a double cannot hold", '{"message":{},"deliveryAttempt":9007199254740993}'],
    ["a CloudEvent of another type", { ...cloudEvent, type: "google.cloud.audit.log.v1.written" }],
    ["a CloudEvent of another type, binary", pushBody, { ...binaryHeaders, "ce-type": "x" }],
    ["a CloudEvent without data", { ...cloudEvent, data: undefined }],
    ["a CloudEvent whose data is a text", { ...cloudEvent, data: "x" }],
    ["a CloudEvent within a binary one", cloudEvent, binaryHeaders],
  ])("is malformed: %s", (_, body, headers) => {
    refused(body, headers).toThrow(malformed);
  });

  it("is malformed where it is not UTF-8", () => {
    expect(() => parseEnvelope({}, Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow(malformed);
  });

  it("is told by its first fault, in part only, however long its names are", () => {
    refused({ message: { attributes: { ["k".repeat(1_000_000)]: 1 } } }).toThrow(/^.{0,400}$/);
    refused({ ...cloudEvent, type: "t".repeat(1_000_000) }).toThrow(/^.{0,400}$/);
  });

  it("is never told by any other error than ours", () => {
    const headers = fc.record({ "ce-type": fc.option(fc.constantFrom(PUBLISHED, "x"), { nil: undefined }) });
    const junk = fc.anything({ values: [fc.string(), fc.constant(null), fc.maxSafeInteger()], maxDepth: 2 });
    const member = <T>(fitting: fc.Arbitrary<T>) =>
      fc.oneof({ arbitrary: fitting, weight: 8 }, { arbitrary: junk, weight: 1 });
    const message = member(
      fc.record(
        {
          data: member(fc.base64String()),
          attributes: member(fc.dictionary(fc.string(), member(fc.string()))),
        },
        { requiredKeys: [] },
      ),
    );
    const body = fc.record({ message, deliveryAttempt: member(fc.nat()) }, { requiredKeys: ["message"] });
    const event = fc.record({
      specversion: member(fc.constant("1.0")),
      type: member(fc.constant(PUBLISHED)),
      data: body,
    });
    let readable = 0;
    fc.assert(
      fc.property(headers, fc.oneof(body, event, junk), (headers, body) => {
        try {
          const { data, attributes } = read(body, headers);
          expect(data).toBeInstanceOf(Uint8Array);
          expect(Object.values(attributes).every((value) => typeof value === "string")).toBe(true);
          readable += 1;
        } catch (fault) {
          expect(fault).toEqual(malformed);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(readable).toBeGreaterThan(100); // about one in ten: the property is not about refusals alone
  });

  it("is read in bounded time at the most that Pub/Sub delivers", () => {
    const data = Buffer.alloc(10 * 1024 * 1024, "a").toString("base64");
    const started = performance.now();
    expect(read({ message: { data } }).data).toHaveLength(10 * 1024 * 1024);
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});
