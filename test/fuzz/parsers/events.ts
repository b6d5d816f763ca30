import { pending } from "../../../lib/check/contract.ts";
import { deliver } from "../../../lib/delivery/deliver.ts";
import { deliverOccurrence } from "../../../lib/delivery/deliver-occurrence.ts";
import type { Settlement } from "../../../lib/delivery/settle.ts";
import { MESSAGE_PUBLISHED, parseEnvelope } from "../../../lib/event/envelope.ts";
import { parseOccurrenceEvent } from "../../../lib/event/occurrence.ts";
import { formatPush, parsePush } from "../../../lib/event/push.ts";
import { VERDICT_EVENT_TYPE } from "../../../lib/event/verdict.ts";
import { verdictEventOf } from "../../../lib/event/verdict-event.ts";
import { WEBHOOK_SOURCES } from "../../../lib/event/webhook/sources.ts";
import { parseWebhook } from "../../../lib/event/webhook/webhook.ts";
import { formatReference } from "../../../lib/image/reference.ts";
import { singleImage } from "../../support/fake-images.ts";
import { evidenceFrom, handClock, recordingObserver, resolverOf } from "../../support/fake-ports.ts";
import { githubEvent, harborCloudEvent, headersOf, PUSHES } from "../../support/webhooks.ts";
import type { Parser } from "../parser.ts";
import { publishingForReal } from "./publishing.ts";

const HEX = "ab".repeat(32);
const RESOLVED = singleImage("linux/amd64");
const IMAGE = formatReference(RESOLVED.reference);
const NOON = "2026-11-25T12:00:00Z";
const PUSH = { action: "INSERT", digest: IMAGE, tag: "gcr.io/project/app:v1" };
const ANNOUNCEMENT = {
  name: "projects/project/occurrences/0c1d",
  kind: "DISCOVERY",
  notificationTime: "2026-11-25T12:00:00.123Z",
};
const VERDICT = {
  image: IMAGE,
  tag: "v1",
  kind: "image",
  success: false,
  attested: false,
  results: [
    {
      name: "snakeoil",
      status: "fail",
      success: false,
      attested: false,
      error: "it is vulnerable",
      findings: [{ id: "CVE-2026-1", severity: "high", package: "openssl", fixedIn: "3.1" }],
      details: { CheckName: "snakeoil", Body: "{}", Signature: "AA==", KeyID: "k" },
    },
  ],
  platforms: [
    { platform: "linux/amd64", digest: `sha256:${HEX}`, success: false, attested: false, results: [] },
  ],
  skipped: [{ digest: `sha256:${HEX}`, reason: "attestation-manifest" }],
  unscanned: ["linux/s390x"],
};
const VERDICT_EVENT = {
  specversion: "1.0",
  id: "1",
  source: "voucher",
  type: VERDICT_EVENT_TYPE,
  time: "2026-11-25T13:00:00Z",
  subject: IMAGE,
  datacontenttype: "application/json",
  outcome: "decided",
  success: false,
  data: VERDICT,
};

/** As many as a message may have. */
const ATTRIBUTES = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`a${at}`, "x"]));

/** A message as Pub/Sub pushes it, as it stands in a CloudEvent, as it waited, and as large as it may be. */
function messages(data: object): readonly object[] {
  const message = {
    data: Buffer.from(JSON.stringify(data)).toString("base64"),
    messageId: "2070443601311540",
    publishTime: "2026-11-25T12:00:00.123Z",
    attributes: { origin: "gcr" },
  };
  const waited = { ...message.attributes, "voucher-first-seen": NOON, "voucher-event-id": "17" };
  const body = { message, subscription: "projects/p/subscriptions/s", deliveryAttempt: 3 };
  return [
    body,
    { specversion: "1.0", id: "2", source: "//pubsub", type: MESSAGE_PUBLISHED, data: body },
    { message: { ...message, attributes: waited } },
    { message: { ...message, attributes: ATTRIBUTES } },
  ];
}

/** The samples of an events file, one a line. */
export const EVENT_LINES: readonly object[] = [
  PUSH,
  ...messages(PUSH),
  ...messages(VERDICT_EVENT),
  VERDICT_EVENT,
  { message: { data: "", attributes: { "ce-type": VERDICT_EVENT_TYPE, "ce-time": VERDICT_EVENT.time } } },
];

const SETTINGS = {
  checks: [{ name: "nobody", description: "", judge: async () => pending("scan", "it is scanned") }],
  platforms: { select: "all", index: "all" },
  deadline: 1_000,
  maxAttempts: 4,
  maxMinutes: 60,
} as const;

function ports() {
  return {
    resolver: resolverOf([RESOLVED]),
    evidence: evidenceFrom(),
    clock: handClock(),
    observer: recordingObserver(),
    publisher: publishingForReal(["waiting", "dead-letter", "verdict"]),
  };
}

/**
 * What is given up because it cannot be read is refused. Otherwise only what waits, and came from where it would wait, and an
 * image that is not there, come back.
 */
function settled({ outcome, error }: Settlement): Settlement["outcome"] {
  if (error !== undefined && error.code !== "not-found" && error.code !== "waited") throw error;
  return outcome;
}

const NOBODY = { headers: {} };

const webhooks = WEBHOOK_SOURCES.map(
  (source): Parser => ({
    name: `a webhook of ${source}`,
    samples: {
      json: [
        PUSHES[source],
        ...({ harbor: [harborCloudEvent()], github: [githubEvent("registry_package")] }[source as string] ??
          []),
      ],
      words: ["push", "PUSH_ARTIFACT", "published", "CONTAINER", "registry.example.com", "team/app"],
    },
    refuses: ["malformed", "limit"],
    read(body) {
      const events = parseWebhook(source, { headers: headersOf(source), body });
      for (const event of events) {
        if (event.kind === "unusable") throw event.error;
        if (event.kind === "push") sameAgain(event.image, parsePush(formatPush(event)));
      }
      return events;
    },
  }),
);

/** What was read as a push has to be one for whoever is told of it. */
function sameAgain(image: unknown, push: ReturnType<typeof parsePush>): void {
  if (push.kind === "push" && JSON.stringify(push.image) === JSON.stringify(image)) return;
  throw new Error(`a push of ${JSON.stringify(image)} is read as ${JSON.stringify(push)}`);
}

export const EVENTS: readonly Parser[] = [
  {
    name: "a push envelope",
    samples: { json: messages(PUSH) },
    refuses: ["malformed"],
    read: (body) => parseEnvelope({}, body),
  },
  {
    name: "the body of a binary CloudEvent",
    samples: { json: messages(PUSH) },
    refuses: ["malformed"],
    read: (body) => parseEnvelope({ "ce-type": MESSAGE_PUBLISHED }, body),
  },
  {
    name: "a registry's push event",
    samples: {
      json: [PUSH, { action: "DELETE", tag: PUSH.tag }],
      words: ["INSERT", "DELETE", IMAGE, PUSH.tag],
    },
    refuses: ["malformed"],
    read(data) {
      const push = parsePush(data);
      if (push.kind === "push") sameAgain(push.image, parsePush(formatPush(push)));
      return push;
    },
  },
  {
    name: "an occurrence notification",
    samples: {
      json: [ANNOUNCEMENT, { ...ANNOUNCEMENT, kind: "BUILD" }],
      words: ["DISCOVERY", "ATTESTATION"],
    },
    refuses: ["malformed"],
    read: parseOccurrenceEvent,
  },
  {
    name: "a verdict event",
    samples: { json: [VERDICT_EVENT] },
    refuses: ["malformed"],
    read: (data) => verdictEventOf({ data, attributes: { "content-type": "application/cloudevents+json" } }),
  },
  ...webhooks,
  {
    name: "a request to onPush",
    samples: { json: messages(PUSH) },
    refuses: ["malformed"],
    read: async (body) => settled(await deliver({ ...NOBODY, body }, SETTINGS, ports())),
  },
  {
    name: "a request to onOccurrence",
    samples: { json: messages(ANNOUNCEMENT) },
    refuses: ["malformed"],
    read: async (body) =>
      settled(
        await deliverOccurrence({ ...NOBODY, body }, SETTINGS, {
          ...ports(),
          announcements: { read: async () => undefined },
        }),
      ),
  },
];
