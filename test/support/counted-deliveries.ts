import * as z from "zod/mini";
import { json, type LocalServer, listen } from "../../lib/local/server.ts";

const PushBody = z.looseObject({ message: z.looseObject({ messageId: z.string() }) });

/**
 * Where the emulator pushes to: passes each delivery on to `url()`, with the `deliveryAttempt` that Pub/Sub counts where a
 * subscription has a dead-letter policy, and the emulator leaves out. While there is no such address, it answers 503.
 */
export function startCountedDeliveries(url: () => string | undefined): Promise<LocalServer> {
  const attempts = new Map<string, number>();
  return listen({
    kindOf: () => "delivery",
    refuse: ({ status, message }) => json(status, { message }),
    async answer({ body, headers }) {
      const pushed = PushBody.parse(JSON.parse(body.toString("utf8")));
      const { messageId } = pushed.message;
      const deliveryAttempt = (attempts.get(messageId) ?? 0) + 1;
      attempts.set(messageId, deliveryAttempt);
      const to = url();
      if (to === undefined) return { status: 503 };
      const answer = await fetch(to, {
        method: "POST",
        headers: { "content-type": headers["content-type"] ?? "application/json" },
        body: JSON.stringify({ ...pushed, deliveryAttempt }),
      }).catch(() => undefined);
      await answer?.arrayBuffer();
      return { status: answer?.status ?? 503 };
    },
  });
}
