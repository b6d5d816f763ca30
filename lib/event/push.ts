import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { isCompanionTag } from "../image/classify.ts";
import { parseJson } from "../image/json.ts";
import {
  type Canonical,
  formatReference,
  nameOf,
  parseCanonical,
  parseReference,
} from "../image/reference.ts";

/** What a registry announced: an image that was pushed or tagged, or something that needs no review. */
export type Push = Pushed | Ignored;

export interface Pushed {
  readonly kind: "push";
  readonly image: Canonical;
  readonly tag?: string;
}

export interface Ignored {
  readonly kind: "ignored";
  readonly reason: string;
}

const PushSchema = z.object({
  action: z.enum(["INSERT", "DELETE"]),
  digest: z.optional(z.string()),
  tag: z.optional(z.string()),
});

/**
 * Reads an event of the `gcr` topic, in the format of Artifact Registry and Container Registry. Throws `malformed` for
 * what is no such event or names no usable image.
 */
export function parsePush(data: Uint8Array): Push {
  const parsed = PushSchema.safeParse(parseJson(data));
  if (!parsed.success)
    throw malformed(`${parsed.error.issues[0]?.path.join(".") || "it"} is missing or unknown`);
  const { action, digest, tag } = parsed.data;
  if (action === "DELETE") return { kind: "ignored", reason: "something was deleted or untagged" };
  if (digest === undefined) {
    if (tag === undefined) throw malformed("it names neither a digest nor a tag");
    return { kind: "ignored", reason: "a tag without a digest: the push of its digest has its own event" };
  }
  return pushOf(digest, tag);
}

/** An image that was pushed, in the format that {@link parsePush} reads. */
export function formatPush({ image, tag }: Pushed): Uint8Array {
  const tagged = tag === undefined ? {} : { tag: `${nameOf(image)}:${tag}` };
  return Buffer.from(JSON.stringify({ action: "INSERT", digest: formatReference(image), ...tagged }));
}

/** The push of `digest` (`HOST/REPO@DIGEST`), under `tag` (`HOST/REPO:TAG`) where it has one. Throws `malformed`. */
export function pushOf(digest: string, tag: string | undefined): Push {
  try {
    const image = parseCanonical(digest);
    if (tag === undefined) return { kind: "push", image };
    const tagged = parseReference(tag);
    const { digest: own = image.digest } = tagged;
    if (tagged.tag === undefined || nameOf(tagged) !== nameOf(image) || own !== image.digest)
      throw new Error("digest and tag do not belong together");
    if (isCompanionTag(tagged.tag)) {
      return {
        kind: "ignored",
        reason: `not an image: the tag ${tagged.tag} keeps signatures, attestations or referrers`,
      };
    }
    return { kind: "push", image, tag: tagged.tag };
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause));
  }
}

function malformed(why: string): VoucherError {
  return new VoucherError("malformed", `the message is no registry push event: ${why}`);
}
