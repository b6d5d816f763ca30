import type { Signature } from "../attest/attestation.ts";
import { binauthzPayload } from "../attest/payload.ts";
import { parseAttestationV1Beta1 } from "./attestation-v1beta1.ts";
import { readNoteName, resourceUriOf } from "./names.ts";
import type { Occurrence } from "./occurrence.ts";
import type { Held } from "./open-source-listing.ts";

/** What stands on the open-source server as an occurrence of v1 says it; nothing for one under no note. */
export function readAttestationOccurrence({ occurrence, subject, document }: Held): readonly Occurrence[] {
  const { name, kind, noteName, createdAt, updatedAt } = occurrence;
  const note = readNoteName(noteName);
  if (note === undefined) return [];
  const { payload, signatures } = parseAttestationV1Beta1(document);
  const isInside = payload.length === 0 && signatures.some(holdsItsPayload);
  return [
    {
      name,
      kind,
      note,
      resourceUri: resourceUriOf(subject),
      // Voucher sent no payload. An OpenPGP message holds the one that was signed, and it counts only if it is this one.
      attestation: { payload: isInside ? binauthzPayload(subject) : payload, signatures },
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(updatedAt === undefined ? {} : { updatedAt }),
    },
  ];
}

function holdsItsPayload({ bytes }: Signature): boolean {
  return Buffer.from(bytes.subarray(0, 15)).toString("latin1") === "-----BEGIN PGP ";
}
