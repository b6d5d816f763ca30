import * as z from "zod/mini";
import { asVoucherError } from "../../errors.ts";
import { nameOf, parseReference } from "../../image/reference.ts";
import { pushOf } from "../push.ts";
import { type Announcement, malformed, type WebhookDocument } from "./announcement.ts";

const PushSchema = z.object({ image: z.string(), tag: z.optional(z.string()) });

/**
 * Reads our own format, for whatever can sign a request: `{"image":"HOST/REPO@DIGEST","tag":"v1"}`, the tag only where there
 * is one. Throws `malformed`.
 */
export function parseGeneric({ document }: WebhookDocument): readonly Announcement[] {
  const { data } = PushSchema.safeParse(document);
  if (data === undefined)
    throw malformed("generic", 'it is not of the form {"image":"HOST/REPO@DIGEST","tag":"v1"}');
  try {
    const reference = parseReference(data.image);
    const tag = data.tag ?? reference.tag;
    return [pushOf(data.image, tag === undefined ? undefined : `${nameOf(reference)}:${tag}`)];
  } catch (fault) {
    throw malformed("generic", asVoucherError(fault).message);
  }
}
