import * as z from "zod/mini";

/** A signed payload: DSSE 1.0.2, envelope. Whose signatures these are, and whether they verify, is not yet said. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

export interface EnvelopeSignature {
  /** Empty where none is named. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** Standard and URL-safe base64 are both to be accepted, with padding or without: Buffer reads either. */
const Base64 = z.string().check(z.regex(/^[A-Za-z0-9+/_-]*={0,2}$/));

/** A document's own schema may contain this one: bundles do. */
export const EnvelopeSchema = z.object({
  payloadType: z.string(),
  payload: Base64,
  signatures: z.array(z.object({ keyid: z._default(z.nullish(z.string()), ""), sig: Base64 })),
});

/**
 * The bytes that a signature is made over (DSSE 1.0.2, pre-authentication encoding): the payload together with its type,
 * so that neither can be taken for another.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** The envelope as it stands in JSON. */
export function envelopeJson({ payloadType, payload, signatures }: Envelope): z.input<typeof EnvelopeSchema> {
  return {
    payloadType,
    payload: base64(payload),
    signatures: signatures.map(({ keyId, bytes }) => ({ keyid: keyId, sig: base64(bytes) })),
  };
}

/** The envelope that parsed JSON is; `undefined` where it is none. */
export function readEnvelope(document: unknown): Envelope | undefined {
  const parsed = EnvelopeSchema.safeParse(document);
  return parsed.success ? toEnvelope(parsed.data) : undefined;
}

export function toEnvelope({ payloadType, payload, signatures }: z.output<typeof EnvelopeSchema>): Envelope {
  return {
    payloadType,
    payload: Buffer.from(payload, "base64"),
    signatures: signatures.map(({ keyid, sig }) => ({
      keyId: keyid ?? "",
      bytes: Buffer.from(sig, "base64"),
    })),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
