import * as z from "zod/mini";
import { isDigest } from "../../image/digest.ts";
import {
  type Announcement,
  announced,
  type EventMarks,
  malformed,
  noPush,
  usable,
  type WebhookDocument,
} from "./announcement.ts";

const ResourceSchema = z.object({
  digest: z.string(),
  tag: z.optional(z.string()),
  resource_url: z.string(),
});
const DataSchema = z.object({
  resources: z.array(z.unknown()),
  repository: z.object({ repo_full_name: z.string() }),
});
const DefaultSchema = z.object({
  type: z.string(),
  occur_at: z.optional(z.unknown()),
  event_data: z.optional(z.unknown()),
});
const CloudEventSchema = z.object({
  specversion: z.string(),
  type: z.string(),
  id: z.optional(z.unknown()),
  time: z.optional(z.unknown()),
  data: z.optional(z.unknown()),
});

/** A notification in either of Harbor's two formats. */
interface Notification extends EventMarks {
  readonly type: string;
  readonly pushed: boolean;
  readonly data: unknown;
}

/**
 * Reads a notification of Harbor ("Configure Webhook Notifications"), in its default format or as a CloudEvent. Throws
 * `malformed`.
 */
export function parseHarbor({ document }: WebhookDocument): readonly Announcement[] {
  const { type, pushed, data, ...marks } = parseNotification(document);
  if (!pushed) return [noPush("type", type)];
  const parsed = DataSchema.safeParse(data);
  if (!parsed.success) {
    throw malformed(
      "harbor",
      `${parsed.error.issues[0]?.path.join(".") || "its data"} is missing or unreadable`,
    );
  }
  const { resources, repository } = parsed.data;
  return resources.map((resource) => usable(() => parseResource(resource, repository.repo_full_name, marks)));
}

function parseNotification(document: unknown): Notification {
  const event = CloudEventSchema.safeParse(document);
  if (event.success) {
    const { type, id, time: at, data } = event.data;
    return { type, pushed: type === "harbor.artifact.pushed", id, at, data };
  }
  const parsed = DefaultSchema.safeParse(document);
  if (!parsed.success) throw malformed("harbor", "it has no type");
  const { type, occur_at: at, event_data: data } = parsed.data;
  return { type, pushed: type === "PUSH_ARTIFACT", at, data };
}

/** What has no tag bears its digest as one. The host stands in the address alone, before the repository. */
function parseResource(resource: unknown, repository: string, marks: EventMarks): Announcement {
  const { data } = ResourceSchema.safeParse(resource);
  if (data === undefined) throw malformed("harbor", "a resource lacks its digest or its resource_url");
  const { digest, tag, resource_url: url } = data;
  const [host, rest] = splitAt(url, `/${repository}`);
  if (!/^[:@]/.test(rest)) throw malformed("harbor", "a resource_url is not that of its repository");
  return announced(
    { host, repository, digest, tag: tag === undefined || tag === "" || isDigest(tag) ? undefined : tag },
    marks,
  );
}

function splitAt(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
