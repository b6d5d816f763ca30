import * as z from "zod/mini";
import { tryParseJson } from "../image/json.ts";
import { type Envelope, EnvelopeSchema, envelopeJson, toEnvelope } from "./dsse.ts";

export const BUNDLE_V0_3 = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** A signed envelope, and what its verifier needs besides a key. */
export interface Bundle {
  readonly envelope: Envelope;
  /** Tells which key it was made with; nothing vouches for it. Absent where a certificate says so. */
  readonly keyHint?: string;
}

// Certificates and transparency logs are read past: what we believe is a key.
const BundleSchema = z.object({
  mediaType: z.literal([BUNDLE_V0_3, "application/vnd.dev.sigstore.bundle+json;version=0.3"]),
  verificationMaterial: z.object({ publicKey: z.optional(z.object({ hint: z.optional(z.string()) })) }),
  dsseEnvelope: EnvelopeSchema,
});

/** The bytes of a Sigstore bundle v0.3 that is verified with a public key. It has exactly one signature. */
export function bundleBytes({ envelope, keyHint = "" }: Bundle): Uint8Array {
  const document: z.input<typeof BundleSchema> = {
    mediaType: BUNDLE_V0_3,
    verificationMaterial: { publicKey: { hint: keyHint } },
    dsseEnvelope: envelopeJson(envelope),
  };
  return new TextEncoder().encode(JSON.stringify(document));
}

/** Returns `undefined` for bytes that are no bundle v0.3 of an envelope with exactly one signature. Never throws. */
export function readBundle(bytes: Uint8Array): Bundle | undefined {
  const parsed = BundleSchema.safeParse(tryParseJson(bytes));
  if (!parsed.success || parsed.data.dsseEnvelope.signatures.length !== 1) return undefined;
  const { verificationMaterial, dsseEnvelope } = parsed.data;
  const keyHint = verificationMaterial.publicKey?.hint;
  return { envelope: toEnvelope(dsseEnvelope), ...(keyHint === undefined ? {} : { keyHint }) };
}
