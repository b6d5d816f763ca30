import * as z from "zod/mini";
import { noteName } from "./names.ts";
import type { AttestationDetails, NewAttestation } from "./occurrence.ts";
import { list, message, text } from "./proto-json.ts";

const generic = message({
  serializedPayload: text,
  signatures: list(z.object({ signature: text, publicKeyId: text })),
});
/** As Voucher wrote it: a signed message that holds its payload, which stands nowhere else. */
const pgp = message({ signature: text, pgpKeyId: text });

const AttestationSchema = z.object({
  attestation: message({
    attestation: message({ genericSignedAttestation: generic, pgpSignedAttestation: pgp }),
  }),
});

/** The attestation in a v1beta1 occurrence; one without signatures where the document holds none that can be read. */
export function parseAttestationV1Beta1(document: unknown): AttestationDetails {
  const held = AttestationSchema.safeParse(document).data?.attestation?.attestation;
  const { genericSignedAttestation: signed, pgpSignedAttestation: voucherMade } = held ?? {};
  if (signed !== undefined) {
    return {
      payload: Buffer.from(signed.serializedPayload, "base64"),
      signatures: signed.signatures.map(({ signature, publicKeyId }) => ({
        bytes: Buffer.from(signature, "base64"),
        keyId: publicKeyId,
      })),
    };
  }
  const signatures =
    voucherMade === undefined
      ? []
      : [{ bytes: Buffer.from(voucherMade.signature), keyId: voucherMade.pgpKeyId }];
  return { payload: new Uint8Array(), signatures };
}

/** The body that creates an attestation occurrence. */
export function attestationBodyV1Beta1(attestation: NewAttestation) {
  const { note, resourceUri } = attestation;
  return {
    noteName: noteName(note),
    resource: { uri: resourceUri },
    kind: "ATTESTATION" as const,
    ...attestationContentV1Beta1(attestation),
  };
}

/** The part of an occurrence that says what was signed, and by whom. */
export function attestationContentV1Beta1({ details: { payload, signatures } }: NewAttestation) {
  return {
    attestation: {
      attestation: {
        genericSignedAttestation: {
          contentType: "SIMPLE_SIGNING_JSON" as const,
          serializedPayload: Buffer.from(payload).toString("base64"),
          signatures: signatures.map(({ bytes, keyId }) => ({
            signature: Buffer.from(bytes).toString("base64"),
            publicKeyId: keyId,
          })),
        },
      },
    },
  };
}
