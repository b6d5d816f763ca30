import { asVoucherError, VoucherError } from "../../errors.ts";
import type { Headers } from "../envelope.ts";
import { type Ignored, type Pushed, pushOf } from "../push.ts";

/** What one event of a webhook says: a push, something that needs no review, or what nobody can make sense of. */
export type Announcement = Announced | Ignored | Unusable;

/** A push, and what its registry calls the event. */
export interface Announced extends Pushed {
  /** The event's own id, the same however often it is sent. */
  readonly id?: string;
  /** When the registry says that it happened. */
  readonly at?: Date;
}

export interface Unusable {
  readonly kind: "unusable";
  readonly error: VoucherError;
}

/** A webhook's request: its headers, and its body as JSON whose members are still to be parsed. */
export interface WebhookDocument {
  readonly headers: Headers;
  readonly document: unknown;
}

/** An image as registries name it in parts. */
export interface Parts {
  /** The registry's host, with its port where it has one. */
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  readonly tag?: string | undefined;
}

/** What the registry says of the event itself, unread: a time is text (RFC 3339) or in seconds since 1970. */
export interface EventMarks {
  readonly id?: unknown;
  readonly at?: unknown;
}

/** An id that may be kept: it becomes an attribute of messages, and stands in logs. */
const ID = /^[\x21-\x7e]{1,200}$/;

/** The push of the image that `parts` name; what names none is unusable. */
export function announced(parts: Parts, marks: EventMarks = {}): Announcement {
  return usable(() => marked(pushOfParts(parts), marks));
}

/** What `read` returns; what it throws makes the event unusable. */
export function usable(read: () => Announcement): Announcement {
  try {
    return read();
  } catch (fault) {
    return { kind: "unusable", error: asVoucherError(fault) };
  }
}

export function ignored(reason: string): Ignored {
  return { kind: "ignored", reason };
}

/** An action or type that is no push, as the reason why its event is ignored. */
export function noPush(what: string, value: string): Ignored {
  return ignored(`the ${what} ${JSON.stringify(value.slice(0, 60))} is no push`);
}

export function malformed(source: string, why: string): VoucherError {
  return new VoucherError("malformed", `the ${source} webhook cannot be read: ${why}`);
}

function marked(push: Pushed | Ignored, { id, at }: EventMarks): Announcement {
  if (push.kind === "ignored") return push;
  const time = timeOf(at);
  return {
    ...push,
    ...(typeof id === "string" && ID.test(id) ? { id } : {}),
    ...(Number.isNaN(time.getTime()) ? {} : { at: time }),
  };
}

function timeOf(at: unknown): Date {
  if (typeof at === "number") return new Date(at * 1000);
  return new Date(typeof at === "string" ? at : Number.NaN);
}

function pushOfParts({ host, repository, digest, tag }: Parts): Pushed | Ignored {
  const name = `${host}/${repository}`;
  const push = pushOf(`${name}@${digest}`, tag === undefined ? undefined : `${name}:${tag}`);
  // A name without dot and port is no host in an image's name: it would mean Docker Hub, another registry.
  if (push.kind === "push" && push.image.registry !== host.toLowerCase()) {
    const said = JSON.stringify(host.slice(0, 100));
    throw new VoucherError(
      "malformed",
      `the registry calls itself ${said}, which no image's name can begin with; give it a host with a dot or a port`,
    );
  }
  return push;
}
