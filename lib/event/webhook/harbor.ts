import * as z from "zod/mini";
import { isDigest } from "../../image/digest.ts";
import {
  type Announcement,
  announced,
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
  occur_at: z.optional(z.number()),
  event_data: z.unknown(),
});
const CloudEventSchema = z.object({
  specversion: z.string(),
  type: z.string(),
  id: z.optional(z.unknown()),
  time: z.optional(z.unknown()),
  data: z.unknown(),
});

/** A notification in either of Harbor's two formats. */
interface Notification {
  readonly type: string;
  readonly pushed: boolean;
  readonly id?: unknown;
  readonly at: Date;
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
    const { type, id, time, data } = event.data;
    return {
      type,
      pushed: type === "harbor.artifact.pushed",
      id,
      at: new Date(typeof time === "string" ? time : Number.NaN),
      data,
    };
  }
  const parsed = DefaultSchema.safeParse(document);
  if (!parsed.success) throw malformed("harbor", "it has no type");
  const { type, occur_at: seconds, event_data: data } = parsed.data;
  const at = new Date(typeof seconds === "number" ? seconds * 1000 : Number.NaN);
  return { type, pushed: type === "PUSH_ARTIFACT", at, data };
}

/** What has no tag bears its digest as one. The host stands in the address alone, before the repository. */
function parseResource(
  resource: unknown,
  repository: string,
  marks: Pick<Notification, "id" | "at">,
): Announcement {
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
