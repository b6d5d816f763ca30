import type { Backlog } from "../ports/sources.ts";
import type { Found, Source } from "./event.ts";
import { readMessage } from "./read-message.ts";

/** The messages of a dead-letter subscription, each once. One is taken out of it when its event is done. */
export function deadLetters(subscription: string, backlog: Backlog): Source {
  return {
    name: `dead letters of ${subscription}`,
    distinct: false,
    async *events(stop): AsyncGenerator<Found> {
      let through = 0;
      for await (const { envelope, acknowledge } of backlog.messages(stop)) {
        through += 1;
        yield {
          where: `message ${envelope.messageId}`,
          through,
          read: () => readMessage(envelope, envelope.messageId),
          acknowledge,
        };
      }
    },
  };
}
