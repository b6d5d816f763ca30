import type { Contents } from "./contents.ts";
import type { PushEvent } from "./history.ts";

/** The words in which a registry announces an event. */
export function dataOf(event: PushEvent, contents: Contents): Uint8Array {
  return Buffer.from(event.kind === "junk" ? event.data : JSON.stringify(documentOf(event, contents)));
}

function documentOf(event: Exclude<PushEvent, { kind: "junk" }>, contents: Contents): object {
  const { repository, content } = event.place;
  const name = contents.digestOf(content);
  const digest = `${repository}@${name}`;
  switch (event.kind) {
    case "push":
      return { action: "INSERT", digest, tag: event.tag && `${repository}:${event.tag}` };
    case "companion":
      return { action: "INSERT", digest, tag: `${repository}:${name.replace(":", "-")}.sig` };
    case "delete":
      return { action: "DELETE", digest };
    case "tag only":
      return { action: "INSERT", tag: `${repository}:latest` };
  }
}
