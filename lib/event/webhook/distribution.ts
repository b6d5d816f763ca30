import * as z from "zod/mini";
import { essenceOf, INDEX_TYPES, MANIFEST_TYPES, SCHEMA_1_TYPES } from "../../image/media-types.ts";
import {
  type Announcement,
  announced,
  ignored,
  malformed,
  noPush,
  usable,
  type WebhookDocument,
} from "./announcement.ts";

/** The second version says more about some events, and nothing else that matters here. */
const ENVELOPE_TYPES: readonly (string | undefined)[] = [
  "application/vnd.docker.distribution.events.v1+json",
  "application/vnd.docker.distribution.events.v2+json",
  "application/json",
];
const MANIFESTS = [...INDEX_TYPES, ...MANIFEST_TYPES, ...SCHEMA_1_TYPES];

const EnvelopeSchema = z.object({ events: z.array(z.unknown()) });
const ActionSchema = z.object({ action: z.string() });
const PushSchema = z.object({
  id: z.optional(z.unknown()),
  timestamp: z.optional(z.unknown()),
  target: z.object({
    mediaType: z.string(),
    digest: z.string(),
    repository: z.string(),
    url: z.optional(z.string()),
    tag: z.optional(z.string()),
  }),
  request: z.optional(z.object({ host: z.optional(z.string()) })),
});

type Push = z.infer<typeof PushSchema>;

/**
 * Reads an envelope of CNCF Distribution ("Work with notifications", versions 1 and 2): one event or many that have nothing
 * to do with each other. Layers and configs are announced as manifests are. Throws `malformed`.
 */
export function parseDistribution({ headers, document }: WebhookDocument): readonly Announcement[] {
  const type = headers["content-type"];
  if (!ENVELOPE_TYPES.includes(essenceOf(typeof type === "string" ? type : undefined))) {
    throw malformed("distribution", `its Content-Type is none of ${ENVELOPE_TYPES.join(", ")}`);
  }
  const envelope = EnvelopeSchema.safeParse(document);
  if (!envelope.success) throw malformed("distribution", "it has no list of events");
  return envelope.data.events.map((event) => usable(() => parseEvent(event)));
}

function parseEvent(event: unknown): Announcement {
  const { data } = ActionSchema.safeParse(event);
  if (data === undefined) throw malformed("distribution", "an event has no action");
  if (data.action !== "push") return noPush("action", data.action);
  const push = PushSchema.safeParse(event);
  if (!push.success) {
    const member = push.error.issues[0]?.path.join(".") || "the event";
    throw malformed("distribution", `${member} is missing or has the wrong type`);
  }
  return toAnnouncement(push.data);
}

function toAnnouncement({ id, timestamp, target, request }: Push): Announcement {
  const { mediaType, repository, digest, tag } = target;
  if (!MANIFESTS.includes(essenceOf(mediaType) ?? "")) return ignored("a layer or config, and no manifest");
  const host = hostOf(target) ?? request?.host;
  if (host === undefined) throw malformed("distribution", "an event names no host");
  return announced({ host, repository, digest, tag: tag === "" ? undefined : tag }, { id, at: timestamp });
}

/**
 * The host in the manifest's address, which is what `http.host` sets: whoever pushed has no say in it, while the other one is
 * the `Host` that the client sent. With `http.relativeurls` the address has none.
 */
function hostOf({ url, repository, digest }: Push["target"]): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { host, pathname } = new URL(url);
  return host !== "" && pathname.endsWith(`/v2/${repository}/manifests/${digest}`) ? host : undefined;
}
