import * as z from "zod/mini";
import type { Signature } from "../attest/attestation.ts";
import { isOccurrenceName, type NoteId, noteName, readNoteName } from "./names.ts";
import { moment } from "./proto-json.ts";

/** What an attestation occurrence holds: the signed bytes and every signature over them. */
export interface AttestationDetails {
  readonly payload: Uint8Array;
  readonly signatures: readonly Signature[];
}

/** A Grafeas v1 occurrence, as far as it is used. */
export interface Occurrence {
  /** As the server gave it, with or without a location. */
  readonly name: string;
  readonly kind: string;
  readonly note: NoteId;
  readonly resourceUri: string;
  readonly createdAt?: Date;
  /** When what it holds was last replaced. */
  readonly updatedAt?: Date;
  readonly attestation?: AttestationDetails;
}

// Proto JSON (https://protobuf.dev/programming-guides/json): bytes are base64 in either alphabet, padded or not, and a
// field that holds its default is left out.
const BytesSchema = z._default(z.string().check(z.regex(/^[A-Za-z0-9+/_-]*={0,2}$/)), "");

const SignatureSchema = z.object({ signature: BytesSchema, publicKeyId: z._default(z.string(), "") });

const AttestationSchema = z.object({
  serializedPayload: BytesSchema,
  signatures: z._default(z.array(SignatureSchema), []),
});

const OccurrenceSchema = z.object({
  name: z.string().check(z.refine(isOccurrenceName)),
  kind: z.string(),
  noteName: z.string(),
  resourceUri: z.string(),
  createTime: moment,
  updateTime: moment,
  attestation: z.optional(AttestationSchema),
});

/** Returns `undefined` for a document that is no occurrence. */
export function parseOccurrence(document: unknown): Occurrence | undefined {
  const parsed = OccurrenceSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { name, kind, noteName, resourceUri, createTime, updateTime, attestation } = parsed.data;
  const note = readNoteName(noteName);
  if (note === undefined) return undefined;
  return {
    name,
    kind,
    note,
    resourceUri,
    ...(createTime === undefined ? {} : { createdAt: createTime }),
    ...(updateTime === undefined ? {} : { updatedAt: updateTime }),
    ...(attestation === undefined ? {} : { attestation: toDetails(attestation) }),
  };
}

/** An attestation that is to become an occurrence, whatever version of the API it is written in. */
export interface NewAttestation {
  readonly note: NoteId;
  readonly resourceUri: string;
  readonly details: AttestationDetails;
}

/** The body that creates an attestation occurrence. */
export function attestationBody({ note, resourceUri, details }: NewAttestation) {
  return {
    noteName: noteName(note),
    resourceUri,
    kind: "ATTESTATION" as const,
    attestation: toDocument(details),
  };
}

/** The body that replaces what an attestation occurrence holds: everything else of an occurrence is immutable. */
export function attestationPatch({ note, details }: NewAttestation) {
  return { noteName: noteName(note), kind: "ATTESTATION" as const, attestation: toDocument(details) };
}

function toDetails({ serializedPayload, signatures }: z.infer<typeof AttestationSchema>): AttestationDetails {
  return {
    payload: Buffer.from(serializedPayload, "base64"),
    signatures: signatures.map(({ signature, publicKeyId }) => ({
      bytes: Buffer.from(signature, "base64"),
      keyId: publicKeyId,
    })),
  };
}

function toDocument({ payload, signatures }: AttestationDetails) {
  return {
    serializedPayload: Buffer.from(payload).toString("base64"),
    signatures: signatures.map(({ bytes, keyId }) => ({
      signature: Buffer.from(bytes).toString("base64"),
      publicKeyId: keyId,
    })),
  };
}
