import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { type Push, pushOf } from "../event/push.ts";
import { nameOf, parseCanonical } from "../image/reference.ts";

const VerdictSchema = z.object({ image: z.string(), tag: z.optional(z.string()) });

/** The push that a verdict answered: of the image that it speaks of. Throws `malformed`. */
export function pushOfVerdict(verdict: unknown): Push {
  const parsed = VerdictSchema.safeParse(verdict);
  if (!parsed.success) throw new VoucherError("malformed", "the verdict names no image");
  const { image, tag } = parsed.data;
  return pushOf(image, tag === undefined ? undefined : `${nameIn(image)}:${tag}`);
}

function nameIn(image: string): string {
  try {
    return nameOf(parseCanonical(image));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new VoucherError("malformed", `the verdict names no image by its digest: ${why}`, { cause });
  }
}
