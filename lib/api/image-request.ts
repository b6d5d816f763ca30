import * as z from "zod/mini";
import { asVoucherError, VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";
import { parseReference, type Reference } from "../image/reference.ts";

/** The largest body, in bytes; a reference has a few hundred. */
export const BODY_BYTES = 64 * 1024;

/** The body of a request: Voucher's own. Other members mean nothing. */
export const ImageRequestSchema = z.object({
  image_url: z
    .string()
    .check(
      z.describe("The image, named by its digest: gcr.io/project/app@sha256:… (a tag before the @ is kept)."),
    ),
});

/**
 * Reads the image that a body names, in Voucher's words where it cannot be used. Throws `limit` for a body that is too
 * large, `usage` for one that names no image by its digest.
 */
export function readImage(body: Uint8Array): Reference {
  if (body.length > BODY_BYTES) {
    throw new VoucherError(
      "limit",
      `the body has more than ${BODY_BYTES} bytes; it names one image, and no more`,
    );
  }
  const text = imageUrlOf(body);
  let image: Reference;
  try {
    image = parseReference(text);
  } catch (cause) {
    throw new VoucherError("usage", `can't use URL in ImageData: ${asVoucherError(cause).message}`, {
      cause,
    });
  }
  if (image.digest === undefined) throw new VoucherError("usage", `reference ${text} has no digest`);
  return image;
}

function imageUrlOf(body: Uint8Array): string {
  let document: unknown;
  try {
    document = parseJson(body);
  } catch (cause) {
    throw new VoucherError("usage", `can't use the body: ${asVoucherError(cause).message}; ${EXAMPLE}`, {
      cause,
    });
  }
  const parsed = ImageRequestSchema.safeParse(document);
  if (!parsed.success) {
    throw new VoucherError("usage", `can't use URL in ImageData: there is no text image_url; ${EXAMPLE}`);
  }
  return parsed.data.image_url;
}

const EXAMPLE = 'write {"image_url":"gcr.io/project/app@sha256:…"}';
