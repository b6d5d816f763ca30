import { asVoucherError, type VoucherError } from "../errors.ts";
import { type Envelope, type Headers, parseEnvelope } from "../event/envelope.ts";

/** A push request as it arrived. */
export interface PushRequest {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** The message that a push request brings, or why it brings none. */
export function unwrap({ headers, body }: PushRequest): Envelope | VoucherError {
  try {
    return parseEnvelope(headers, body);
  } catch (fault) {
    return asVoucherError(fault);
  }
}
