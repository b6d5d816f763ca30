import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SCHEMES } from "../../../lib/event/webhook/scheme.ts";
import { WEBHOOK_SOURCES, type WebhookSource } from "../../../lib/event/webhook/sources.ts";
import { signed } from "../../support/webhooks.ts";

const SECRET = "correct horse battery staple";
const NOW = new Date("2026-11-25T12:00:00Z");
const BODY = Buffer.from('{"image":"registry.example.com/team/app@sha256:…"}');

const admits = (source: WebhookSource, headers: object, { body = BODY, secret = SECRET, now = NOW } = {}) =>
  SCHEMES[source].isAuthentic({ headers: { ...headers }, body }, secret, now);
const sign = (source: WebhookSource, secret = SECRET) => signed(source, BODY, { secret, now: NOW });

describe.each(WEBHOOK_SOURCES)("the webhook %s", (source) => {
  it("believes who knows the secret", () => {
    expect(admits(source, sign(source))).toBe(true);
  });

  it.each<[string, object]>([
    ["nothing", {}],
    ["another secret", sign(source, "another")],
    ["a part of the secret", sign(source, SECRET.slice(0, -1))],
    ["more than the secret", sign(source, `${SECRET}.`)],
    ["an empty secret", sign(source, "")],
    [
      "the secret as a list of headers",
      Object.fromEntries(Object.entries(sign(source)).map(([k, v]) => [k, [v]])),
    ],
  ])("believes nobody who sends %s", (_, headers) => {
    expect(admits(source, headers)).toBe(false);
  });

  it("says in its refusal what is to be sent, and nothing of what was", () => {
    expect(SCHEMES[source].refusal).toMatch(
      /^the header (Authorization|X-Hub-Signature-256|Voucher-Signature) /,
    );
    expect(SCHEMES[source].challenge).toMatch(/realm="voucher"/);
  });

  it("believes nothing that was made up, and breaks over none of it", () => {
    const header = fc.oneof(
      fc.string(),
      fc.constantFrom("sha256=", `sha256=${"0".repeat(64)}`, "Bearer ", "1764072000"),
    );
    const names = ["authorization", "x-hub-signature-256", "voucher-signature", "voucher-timestamp"];
    const headers = fc.dictionary(fc.constantFrom(...names), fc.oneof(header, fc.array(header)));
    fc.assert(
      fc.property(headers, fc.uint8Array(), (any, body) => {
        expect(admits(source, any, { body: Buffer.from(body) })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe.each(["distribution", "harbor", "acr"] as const)(
  "the secret of %s, which sends a header as configured",
  (source) => {
    it.each([SECRET, `Bearer ${SECRET}`, `bearer  ${SECRET}`])("is believed as %j", (authorization) => {
      expect(admits(source, { authorization })).toBe(true);
    });

    it.each([`Basic ${SECRET}`, ` ${SECRET}`, SECRET.toUpperCase(), "Bearer", ""])(
      "is not as %j",
      (authorization) => {
        expect(admits(source, { authorization })).toBe(false);
      },
    );
  },
);

describe.each(["github", "generic"] as const)("a signature of %s", (source) => {
  const headers = sign(source);

  it("is of this body alone", () => {
    expect(admits(source, headers, { body: Buffer.from(`${BODY} `) })).toBe(false);
    expect(admits(source, headers, { body: Buffer.alloc(0) })).toBe(false);
  });

  it.each<[string, (hex: string) => string]>([
    ["without its algorithm", (value) => value.replace("sha256=", "")],
    ["of another algorithm", (value) => value.replace("sha256=", "sha1=")],
    ["cut short", (value) => value.slice(0, -2)],
    ["with more behind it", (value) => `${value}00`],
    [
      "with one bit that differs",
      (value) => value.replace(/.$/, (digit) => (Number.parseInt(digit, 16) ^ 1).toString(16)),
    ],
    ["given twice", (value) => `${value}, ${value}`],
  ])("is none %s", (_, change) => {
    const changed = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.startsWith("sha256=") ? change(value) : value,
      ]),
    );
    expect(admits(source, changed)).toBe(false);
  });
});

describe("GitHub's own example of a signature", () => {
  it('is believed (Validating webhook deliveries, "Testing the webhook payload validation")', () => {
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const body = Buffer.from("Hello, World!");
    expect(
      admits("github", { "x-hub-signature-256": signature }, { body, secret: "It's a Secret to Everybody" }),
    ).toBe(true);
  });
});

describe("a signature of our own", () => {
  const later = (seconds: number) => ({ now: new Date(NOW.getTime() + seconds * 1000) });

  it("is believed for five minutes, and from clocks that are five minutes ahead", () => {
    expect(
      [300, -300, 301, -301].map((seconds) => admits("generic", sign("generic"), later(seconds))),
    ).toEqual([true, true, false, false]);
  });

  it("signs its time: nobody who listened can send it later under another", () => {
    const moved = { ...sign("generic"), "voucher-timestamp": String(NOW.getTime() / 1000 + 3_600) };
    expect(admits("generic", moved, later(3_600))).toBe(false);
  });

  it.each(["", "soon", "-1", "1e9", "1764072000.5", "0x10", "9".repeat(13)])(
    "has a time of whole seconds, not %j",
    (stamp) => {
      expect(admits("generic", { ...sign("generic"), "voucher-timestamp": stamp })).toBe(false);
    },
  );

  it("is not GitHub's, nor the other way round", () => {
    const { "voucher-signature": own = "" } = sign("generic");
    const { "x-hub-signature-256": github = "" } = sign("github");
    expect(admits("github", { "x-hub-signature-256": own })).toBe(false);
    expect(admits("generic", { ...sign("generic"), "voucher-signature": github })).toBe(false);
  });
});
