import type { AttestationContent, NewDocument, OccurrenceDocument } from "./occurrences.ts";

/** An attestation as a client of the open-source server writes it. */
interface Written {
  readonly noteName: string;
  readonly resource: { readonly uri: string };
  readonly attestation: {
    readonly attestation: { readonly genericSignedAttestation: AttestationContent };
  };
}

/** What a client of v1beta1 sends, in the words of v1. */
export function fromV1Beta1(sent: unknown): NewDocument {
  const { noteName, resource, attestation } = sent as Written;
  const { serializedPayload, signatures } = attestation.attestation.genericSignedAttestation;
  return {
    kind: "ATTESTATION",
    noteName,
    resourceUri: resource.uri,
    attestation: { serializedPayload, signatures },
  };
}

/** An occurrence as the open-source server answers it. */
export function toV1Beta1({ resourceUri, attestation, discovery, ...document }: OccurrenceDocument): object {
  return {
    ...document,
    resource: { uri: resourceUri },
    ...(discovery === undefined ? {} : { discovered: { discovered: discovery } }),
    ...(attestation === undefined
      ? {}
      : { attestation: { attestation: { genericSignedAttestation: attestation } } }),
  };
}
