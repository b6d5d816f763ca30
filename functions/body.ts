import type { Readable } from "node:stream";
import { VoucherError } from "../lib/errors.ts";

/** A request as the framework hands it over: what it could read has a raw body. */
type Body = Readable & { readonly rawBody?: Buffer | undefined };

/**
 * The body of a request, or at least one byte more than `most`. The framework reads no body without a media type, and
 * Voucher asks for none; such a one is read here. Throws `cancelled` where it breaks off.
 */
export async function bodyOf(request: Body, most: number): Promise<Uint8Array> {
  if (request.rawBody !== undefined) return request.rawBody;
  if (request.readableEnded) return new Uint8Array();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Left open: to close it would cut the connection before the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      length += bytes.length;
      if (length > most) break;
    }
  } catch (cause) {
    throw new VoucherError("cancelled", "the body broke off", { cause });
  }
  return Buffer.concat(chunks);
}
