import { asVoucherError } from "../errors.ts";
import { formatPush, type Pushed, pushOf } from "../event/push.ts";
import { isCompanionTag } from "../image/classify.ts";
import { canonical, formatReference, nameOf, type Reference } from "../image/reference.ts";
import type { Repositories } from "../ports/sources.ts";
import type { ReplayEvent, Unreadable } from "./event.ts";

/**
 * The push of an image, as its registry would have announced it at `time`. Every digest is one event; a tag under which signatures
 * are kept is another, so that it does not stand for the image.
 */
export function eventOf({ image, tag }: Omit<Pushed, "kind">, time?: Date): ReplayEvent {
  const digest = formatReference(canonical(image, image.digest));
  const push = pushOf(digest, tag === undefined ? undefined : `${nameOf(image)}:${tag}`);
  const tagged = tag === undefined ? {} : { tag };
  return {
    key: push.kind === "push" ? digest : formatReference({ ...image, ...tagged }),
    push,
    message: { data: formatPush({ kind: "push", image, ...tagged }), attributes: {} },
    ...(time === undefined ? {} : { time }),
  };
}

/** The push of what `reference` names now; its registry is asked where it names no digest. Never throws. */
export async function eventNamed(
  reference: Reference,
  repositories: Repositories,
  signal: AbortSignal,
): Promise<ReplayEvent | Unreadable> {
  const { tag } = reference;
  try {
    // What only accompanies images is not asked for: there may be one for each of them.
    if (tag !== undefined && isCompanionTag(tag)) return companion(reference);
    const digest = reference.digest ?? (await repositories.digestOf(reference, signal));
    return eventOf({ image: canonical(reference, digest), ...(tag === undefined ? {} : { tag }) });
  } catch (fault) {
    return { key: formatReference(reference), error: asVoucherError(fault) };
  }
}

/** Without its tag in the reason, which others share. */
function companion(reference: Reference): ReplayEvent {
  return {
    key: formatReference(reference),
    push: { kind: "ignored", reason: "not an image: its tag keeps signatures, attestations or referrers" },
    message: { data: new Uint8Array(), attributes: {} },
  };
}
