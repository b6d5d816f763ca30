import { describe, expect, it } from "vitest";
import { deliverWebhook, type WebhookPorts } from "../../lib/delivery/deliver-webhook.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Envelope } from "../../lib/event/envelope.ts";
import { WEBHOOK_SOURCES, type WebhookSource } from "../../lib/event/webhook/sources.ts";
import type { Topic } from "../../lib/ports.ts";
import { handClock, publishingTo, recordingObserver } from "../support/fake-ports.ts";
import { DIGEST, distributionEvent, headersOf, PUSHES, signed } from "../support/webhooks.ts";

const SECRET = "shared";
const NOW = new Date("2026-11-25T12:00:00Z"); // where the clock by hand stands
const DEADLINE = 240_000;
const down = new VoucherError("unavailable", "Pub/Sub is down", { retryable: true });

interface Asked {
  readonly topics?: readonly Topic[];
  readonly fault?: VoucherError;
  readonly headers?: { readonly [name: string]: string };
  /** What each review ends with, in order; the last one also for those that follow. */
  readonly reviews?: readonly (204 | 503)[];
  /** Milliseconds that pass whenever the clock is read. */
  readonly step?: number;
}

/** Sends `document` as a source that knows the secret, unless `headers` stand in for its own. */
async function receiving(source: WebhookSource, document: unknown, options: Asked = {}) {
  const { topics = [], fault, reviews = [204], step = 0 } = options;
  const body = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  const headers = options.headers ?? {
    ...headersOf(source),
    ...signed(source, body, { secret: SECRET, now: NOW }),
  };
  const clock = handClock(step);
  const observer = recordingObserver();
  const publisher = publishingTo(topics, fault);
  const reviewed: { readonly push: Envelope; readonly text: string; readonly deadline: number }[] = [];
  const review: WebhookPorts["review"] = async (push, deadline) => {
    const status = reviews[Math.min(reviewed.length, reviews.length - 1)] ?? 204;
    reviewed.push({ push, text: Buffer.from(push.data).toString(), deadline });
    return { status };
  };
  const answer = await deliverWebhook({ source, headers, body }, DEADLINE, {
    clock,
    observer,
    publisher,
    secretOf: async () => SECRET,
    review,
  });
  const entries = observer.entries.map(({ severity, message, fields }) => ({ severity, message, ...fields }));
  return { answer, entries, reviewed, published: publisher.published, clock };
}

const several = (...events: readonly object[]) => ({ events });
const inRepository = (repository: string) => distributionEvent({ target: { repository, url: undefined } });
const event = (host: string, repository = "team/app") => ({
  action: "INSERT",
  digest: `${host}/${repository}@${DIGEST}`,
  tag: `${host}/${repository}:v1`,
});
const HOSTS: { readonly [source in WebhookSource]: string } = {
  distribution: "registry.example.com",
  harbor: "harbor.example.com",
  acr: "example.azurecr.io",
  github: "ghcr.io",
  generic: "registry.example.com",
};

describe.each(WEBHOOK_SOURCES)("a push that %s announces", (source) => {
  it("is published in Artifact Registry's form where there is a push topic, and only then answered 204", async () => {
    const { answer, published, reviewed, entries } = await receiving(source, PUSHES[source], {
      topics: ["push"],
    });

    expect(answer).toEqual({ status: 204 });
    expect(published.map(({ topic, text }) => [topic, JSON.parse(text)])).toEqual([
      ["push", event(HOSTS[source])],
    ]);
    expect(reviewed).toEqual([]);
    expect(entries).toMatchObject([{ severity: "INFO", message: "event published", source, tag: "v1" }]);
  });

  it("is answered 503 where it could not be published, so that it is sent again", async () => {
    const { answer, entries } = await receiving(source, PUSHES[source], { topics: ["push"], fault: down });

    expect(answer).toEqual({ status: 503, reason: "not everything in it is settled yet; send it again" });
    expect(entries).toMatchObject([
      {
        severity: "ERROR",
        message: "event comes back",
        source,
        reason: expect.stringContaining("Pub/Sub is down"),
      },
    ]);
  });

  it.each([204, 503] as const)(
    "is reviewed where there is none, and answered as its review ends: %d",
    async (status) => {
      const { answer, reviewed } = await receiving(source, PUSHES[source], { reviews: [status] });

      expect(answer.status).toBe(status);
      expect(reviewed.map(({ text }) => JSON.parse(text))).toEqual([event(HOSTS[source])]);
    },
  );

  it("is not looked at without the secret: neither published, nor reviewed, nor kept as a dead letter", async () => {
    for (const document of [PUSHES[source], "{"]) {
      const topics: Topic[] = ["push", "dead-letter"];
      const { answer, published, reviewed, entries } = await receiving(source, document, {
        topics,
        headers: headersOf(source),
      });

      expect(answer).toMatchObject({ status: 401, challenge: expect.any(String) });
      expect([published, reviewed]).toEqual([[], []]);
      expect(entries).toMatchObject([
        { severity: "WARNING", message: "webhook refused", source, status: 401 },
      ]);
      expect(JSON.stringify(entries)).not.toContain(SECRET);
    }
  });

  it.each(["{", "[]", '"push"', "{}", "\u0000"])(
    "is given up where its body cannot be read, since it would be sent for ever: %j",
    async (body) => {
      const { answer, published, entries } = await receiving(source, body, { topics: ["dead-letter"] });

      expect(answer).toEqual({ status: 204 });
      expect(published).toMatchObject([
        { topic: "dead-letter", text: body, attributes: { "voucher-reason": "malformed" } },
      ]);
      expect(entries).toMatchObject([
        { severity: "ERROR", message: "event dead-lettered", source, unusable: 1 },
      ]);
    },
  );

  it("comes back where its body cannot be read and its copy cannot be published", async () => {
    const { answer, entries } = await receiving(source, "{", { topics: ["dead-letter"], fault: down });

    expect(answer.status).toBe(503);
    expect(entries).toMatchObject([{ severity: "ERROR", message: "event comes back" }]);
  });

  it("has the log as its record where there is no dead-letter topic", async () => {
    const { answer, entries } = await receiving(source, "{");

    expect(answer.status).toBe(204);
    expect(entries).toMatchObject([
      { severity: "ERROR", message: "event dead-lettered", outcome: "dead-lettered" },
    ]);
  });
});

describe("a push that is reviewed", () => {
  it("bears its registry's id, and is as old as its registry says: so long is evidence waited for", async () => {
    const { reviewed } = await receiving("acr", PUSHES.acr);

    expect(reviewed[0]?.push).toMatchObject({
      messageId: "0b9d6a55-57cf-4b7e-8f4e-2d1a6f1f7c11",
      attributes: {},
      publishTime: new Date("2026-11-25T11:59:30.5Z"),
    });
  });

  it("has no age where nobody says one", async () => {
    const { reviewed } = await receiving("generic", PUSHES.generic);

    expect(reviewed[0]?.push).toMatchObject({ messageId: "" });
    expect(reviewed[0]?.push).not.toHaveProperty("publishTime");
  });
});

describe("an envelope of several events", () => {
  const three = several(inRepository("a/one"), inRepository("b/two"), inRepository("c/three"));

  it("has each push handled, in their order", async () => {
    const { answer, published } = await receiving("distribution", three, { topics: ["push"] });

    expect(answer.status).toBe(204);
    expect(published.map(({ text }) => JSON.parse(text).digest)).toEqual(
      ["a/one", "b/two", "c/three"].map((repository) => `registry.example.com/${repository}@${DIGEST}`),
    );
  });

  it("comes back when one of them does, and the others are handled all the same", async () => {
    const { answer, reviewed } = await receiving("distribution", three, { reviews: [204, 503, 204] });

    expect([answer.status, reviewed.length]).toEqual([503, 3]);
  });

  it("shares one deadline, however many there are", async () => {
    const { reviewed } = await receiving("distribution", three, { step: 100_000 });

    expect(reviewed.map(({ deadline }) => deadline)).toEqual([140_000, 40_000, 0]);
  });

  it("says of each event that needs no review why", async () => {
    const layers = distributionEvent({ target: { mediaType: "application/octet-stream" } });
    const { answer, entries, reviewed } = await receiving(
      "distribution",
      several(distributionEvent({ action: "pull" }), layers, { action: "delete" }),
    );

    expect([answer.status, reviewed]).toEqual([204, []]);
    expect(entries).toEqual(
      [
        'the action "pull" is no push',
        "a layer or config, and no manifest",
        'the action "delete" is no push',
      ].map((reason) => ({
        severity: "INFO",
        message: "event ignored",
        source: "distribution",
        status: 204,
        outcome: "ignored",
        reason,
      })),
    );
  });

  it("gives up what cannot be used, in one copy of the whole, and handles the rest", async () => {
    const bad = distributionEvent({ target: { digest: "sha256:short" } });
    const { answer, published, entries } = await receiving(
      "distribution",
      several(bad, inRepository("b/two"), bad),
      {
        topics: ["push", "dead-letter"],
      },
    );

    expect(answer.status).toBe(204);
    expect(published.map(({ topic }) => topic)).toEqual(["push", "dead-letter"]);
    expect(published[1]).toMatchObject({
      text: JSON.stringify(several(bad, inRepository("b/two"), bad)),
      attributes: {
        "voucher-reason": "malformed",
        "voucher-detail": expect.stringContaining("sha256:short"),
      },
    });
    expect(entries.at(-1)).toMatchObject({ message: "event dead-lettered", unusable: 2 });
  });

  it("is given up as a whole where it is too long to be read", async () => {
    const many = several(...Array.from({ length: 101 }, () => distributionEvent()));
    const { answer, published } = await receiving("distribution", many, { topics: ["push", "dead-letter"] });

    expect(answer.status).toBe(204);
    expect(published).toMatchObject([{ topic: "dead-letter", attributes: { "voucher-reason": "limit" } }]);
  });
});

describe("a publication", () => {
  it("is given twenty seconds, and no more than the request has left", async () => {
    const three = several(inRepository("a/one"), inRepository("b/two"), inRepository("c/three"));
    const { clock } = await receiving("distribution", three, { topics: ["push"], step: 115_000 });

    expect(clock.deadlines).toEqual([20_000, 10_000, 0]);
  });
});
