import * as z from "zod/mini";
import { type Announcement, announced, malformed, noPush, type WebhookDocument } from "./announcement.ts";

const ActionSchema = z.object({ action: z.string() });
const PushSchema = z.object({
  id: z.optional(z.unknown()),
  timestamp: z.optional(z.unknown()),
  target: z.object({ digest: z.string(), repository: z.string(), tag: z.optional(z.string()) }),
  request: z.object({ host: z.string() }),
});

/** Reads an event of Azure Container Registry ("Azure Container Registry webhook reference"). Throws `malformed`. */
export function parseAcr({ document }: WebhookDocument): readonly Announcement[] {
  const { data: event } = ActionSchema.safeParse(document);
  if (event === undefined) throw malformed("acr", "it has no action");
  // Pings, deletions, and Helm charts, which have actions of their own.
  if (event.action !== "push") return [noPush("action", event.action)];
  const push = PushSchema.safeParse(document);
  if (!push.success) {
    throw malformed(
      "acr",
      `${push.error.issues[0]?.path.join(".") || "it"} is missing or has the wrong type`,
    );
  }
  const { id, timestamp, target, request } = push.data;
  const { repository, digest, tag } = target;
  return [
    announced(
      { host: request.host, repository, digest, tag: tag === "" ? undefined : tag },
      { id, at: timestamp },
    ),
  ];
}
