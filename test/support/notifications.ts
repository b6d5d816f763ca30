import * as z from "zod/mini";
import { json, type LocalServer, listen } from "../../lib/local/server.ts";

/** A push as Artifact Registry announces it on the topic `gcr`. */
export interface PushEvent {
  readonly action: "INSERT";
  readonly digest: string;
  readonly tag?: string;
}

/** CNCF Distribution, "Notifications": the members that are needed here. */
const NotificationSchema = z.object({
  events: z.array(
    z.object({
      action: z.string(),
      target: z.object({
        mediaType: z.optional(z.string()),
        digest: z.string(),
        repository: z.string(),
        tag: z.optional(z.string()),
      }),
      request: z.object({ host: z.string() }),
    }),
  ),
});

type Notification = z.infer<typeof NotificationSchema>["events"][number];

const MANIFEST = /[.+](?:manifest|index|list)\.v\d\+json$/;

/** The announcement of one pushed manifest. `name` is `host/repository`. */
export function pushEvent(name: string, digest: string, tag?: string): PushEvent {
  return {
    action: "INSERT",
    digest: `${name}@${digest}`,
    ...(tag === undefined ? {} : { tag: `${name}:${tag}` }),
  };
}

/** Receives Distribution's notifications and passes each pushed manifest on, translated; the next waits for `publish`. */
export function startNotifications(publish: (event: PushEvent) => Promise<unknown>): Promise<LocalServer> {
  return listen({
    kindOf: () => "notification",
    refuse: ({ status, message }) => json(status, { message }),
    async answer({ body }) {
      const { events } = NotificationSchema.parse(JSON.parse(body.toString("utf8")));
      for (const event of events.filter(isPushedManifest)) await publish(translate(event));
      return { status: 200 };
    },
  });
}

/** Layers and configs are announced as well, under media types that are none of a manifest. */
function isPushedManifest({ action, target }: Notification): boolean {
  return action === "push" && MANIFEST.test(target.mediaType ?? "");
}

function translate({ target, request }: Notification): PushEvent {
  return pushEvent(`${request.host}/${target.repository}`, target.digest, target.tag);
}
