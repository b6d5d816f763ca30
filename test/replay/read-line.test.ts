import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReference } from "../../lib/image/reference.ts";
import { isUnreadable } from "../../lib/replay/event.ts";
import { readLine } from "../../lib/replay/read-line.ts";
import { image, push } from "./events.ts";

const IMAGE = formatReference(image(1));
const PUSH = { action: "INSERT", digest: IMAGE, tag: "gcr.io/project/app:v1" };
const base64 = (data: unknown) =>
  Buffer.from(typeof data === "string" ? data : JSON.stringify(data)).toString("base64");
const message = {
  data: base64(PUSH),
  messageId: "17",
  publishTime: "2026-11-25T12:00:00.5Z",
  attributes: { origin: "ci" },
};
const VERDICT = { image: IMAGE, tag: "v1", kind: "image", success: true, results: [], platforms: [] };
const verdictEvent = {
  specversion: "1.0",
  id: "1",
  source: "voucher",
  type: "dev.voucher.verdict.v1",
  time: "2026-11-25T13:00:00Z",
  data: VERDICT,
};

function read(line: unknown) {
  if (line instanceof Uint8Array) return readLine(line);
  return readLine(Buffer.from(typeof line === "string" ? line : JSON.stringify(line)));
}

/** The event of a line that holds one. */
function event(line: unknown) {
  const found = read(line);
  if (isUnreadable(found)) throw found.error;
  return found;
}

describe("a line of an events file", () => {
  it("is a push event, kept as it was", () => {
    const line = `${JSON.stringify(PUSH)}\r`;
    expect(event(line)).toMatchObject({
      push: { kind: "push", image: image(1), tag: "v1" },
      message: { data: Buffer.from(line), attributes: {} },
    });
    expect(event(line).time).toBeUndefined();
  });

  it.each([
    ["as it was pushed", { message, subscription: "projects/p/subscriptions/s" }],
    ["as gcloud lists what it pulled", { ackId: "x", deliveryAttempt: 3, message }],
    ["alone", message],
    [
      "in older words",
      { message: { data: message.data, message_id: "17", publish_time: message.publishTime } },
    ],
    [
      "in a CloudEvent",
      {
        specversion: "1.0",
        id: "1",
        source: "//pubsub",
        type: "google.cloud.pubsub.topic.v1.messagePublished",
        data: { message },
      },
    ],
  ])("is a Pub/Sub message %s", (_, line) => {
    expect(event(line)).toMatchObject({
      push: { kind: "push", image: image(1), tag: "v1" },
      time: new Date("2026-11-25T12:00:00.5Z"),
      message: { data: Buffer.from(JSON.stringify(PUSH)), attributes: { "voucher-event-id": "17" } },
    });
  });

  it.each([
    ["as a CloudEvent", verdictEvent],
    ["as a CloudEvent in a message", { message: { data: base64(verdictEvent), messageId: "1" } }],
    [
      "in a message whose attributes are the CloudEvent's",
      {
        message: {
          data: base64(VERDICT),
          attributes: { "ce-type": verdictEvent.type, "ce-time": verdictEvent.time, "ce-id": "1" },
        },
      },
    ],
  ])("is a verdict %s: the push of its image again", (_, line) => {
    expect(event(line)).toMatchObject({
      push: { kind: "push", image: image(1), tag: "v1" },
      time: new Date("2026-11-25T13:00:00Z"),
      message: { data: push(image(1), "v1"), attributes: {} },
    });
  });

  it("is known again by what it says, wherever it stands", () => {
    expect(event(PUSH).key).toBe(event(PUSH).key);
    expect(event(PUSH).key).not.toBe(event({ ...PUSH, tag: "gcr.io/project/app:v2" }).key);
  });

  it("that is a deletion is an event that needs no review", () => {
    expect(event({ action: "DELETE", digest: IMAGE }).push.kind).toBe("ignored");
  });

  it("that is an announcement of Container Analysis is one too, alone or in a message", () => {
    const announcement = { name: "projects/p/occurrences/1", kind: "BUILD", notificationTime: "2026-11-25" };
    for (const line of [announcement, { message: { data: base64(announcement), messageId: "1" } }])
      expect(event(line).push.kind).toBe("ignored");
  });
});

const deep = (text: string, depth: number, close: string) => text.repeat(depth) + close.repeat(depth);

describe("a line that holds no event", () => {
  it.each<[string, unknown, RegExp]>([
    ["that is not JSON", "{not json", /not JSON/],
    ["that is cut off", JSON.stringify(PUSH).slice(0, -3), /not JSON/],
    ["that is not UTF-8", Buffer.from([0x22, 0xff, 0x22]), /not JSON/],
    ["of deep lists", deep("[", 200_000, "]"), /nested too deep|list|not JSON/],
    ["of deep objects", deep('{"a":', 50_000, "}").replace(/:\}/, ":1}"), /nested too deep|not JSON/],
    ["that is a list", [PUSH], /one event a line/],
    ["that is a number", 7, /no JSON object/],
    ["that is null", null, /no JSON object/],
    ["that is a text", '"x"', /no JSON object/],
    ["that is an empty object", {}, /no push event, no Pub\/Sub message and no verdict event/],
    ["with a key twice", `{"action":"INSERT","action":"DELETE"}`, /given twice/],
    [
      "with a number that no reader keeps",
      `{"action":"DELETE","n":123456789012345678901234567890}`,
      /too large/,
    ],
    ["whose action is unknown", { action: "UPSERT", digest: IMAGE }, /action/],
    ["whose action is a list", { action: ["INSERT"], digest: IMAGE }, /action/],
    ["without a digest or tag", { action: "INSERT" }, /neither/],
    ["whose digest is none", { action: "INSERT", digest: "gcr.io/p/app@sha256:0" }, /digest/],
    [
      "whose digest leads elsewhere",
      { action: "INSERT", digest: "gcr.io/../x@sha256:0" },
      /registry push event/,
    ],
    ["whose tag is of another image", { ...PUSH, tag: "gcr.io/project/other:v1" }, /belong together/],
    ["whose message is a text", { message: "x" }, /message/],
    ["whose data is no base64", { message: { data: "%%%" } }, /message\.data/],
    ["whose data is an object", { data: {} }, /message\.data/],
    ["whose attributes are a list", { message: { data: message.data, attributes: [1] } }, /attributes/],
    ["whose data is not JSON", { message: { data: base64("{") } }, /not JSON/],
    ["whose data is empty", { message: {} }, /not JSON/],
    ["of another CloudEvent", { ...verdictEvent, type: "com.example" }, /com\.example/],
    ["of a CloudEvent without a type", { specversion: "1.0" }, /no CloudEvent/],
    ["whose verdict names no image", { ...verdictEvent, data: {} }, /names no image/],
    ["whose verdict names no digest", { ...verdictEvent, data: { image: "gcr.io/p/app:v1" } }, /digest/],
    ["whose verdict's tag is none", { ...verdictEvent, data: { image: IMAGE, tag: "a/../b" } }, /push event/],
    ["whose verdict is a list", { ...verdictEvent, data: [] }, /names no image/],
  ])("%s is told with its reason", (_, line, sentence) => {
    const found = read(line);
    expect(isUnreadable(found) && found.error).toMatchObject({ message: expect.stringMatching(sentence) });
  });

  it("that is too long is told with the most that one may have", () => {
    expect(readLine(undefined)).toMatchObject({ error: { message: "it has more than 16777216 bytes" } });
  });

  it("is told and never thrown, whatever it is", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readLine(bytes)));
    fc.assert(fc.property(fc.json({ maxDepth: 4 }), (text) => void read(text)));
  });

  it("is told and never thrown, whatever takes the place of any of its members", () => {
    const lines: readonly object[] = [PUSH, { message }, verdictEvent, message];
    const paths = lines.flatMap((line) => pathsIn(line).map((path) => [line, path] as const));
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), ([line, path], value) => {
        const found = read(withMember(line, path, value));
        if (isUnreadable(found)) expect(found.error.message).not.toBe("");
        else expect(found.push.kind).toMatch(/push|ignored/);
      }),
      { numRuns: 500 },
    );
  });
});

function pathsIn(value: unknown, before: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [before];
  return [before, ...Object.entries(value).flatMap(([name, inner]) => pathsIn(inner, [...before, name]))];
}

function withMember(value: unknown, [first, ...rest]: readonly string[], member: unknown): unknown {
  if (first === undefined) return member;
  const object = Object(value);
  return { ...object, [first]: withMember(object[first], rest, member) };
}
