import { formatPlatform } from "../image/platform.ts";
import type { Judgement, Review } from "./judgement.ts";

/** Which key vouches for one check on one digest, and since when where the store tells. */
export interface AttestedBy {
  /** `linux/arm64`, or `index`. */
  readonly where: string;
  readonly checkName: string;
  readonly keyId: string;
  readonly since?: Date;
}

/** Every attestation of a review that counts: those of its platforms in their order, then the index's own. */
export function attestedBy({ kind, indexOwed, platforms, judgements }: Review): readonly AttestedBy[] {
  const ofPlatforms = platforms.flatMap(({ platform, reference, judgements: own }) =>
    own.flatMap(attestedAt(platform === undefined ? reference.digest : formatPlatform(platform))),
  );
  return [...ofPlatforms, ...(indexOwed ? judgements.flatMap(attestedAt(kind)) : [])];
}

function attestedAt(where: string): (judgement: Judgement) => readonly AttestedBy[] {
  return ({ checkName, attestation }) => {
    if (attestation === undefined) return [];
    const { signature, since } = attestation;
    return [{ where, checkName, keyId: signature.keyId, ...(since === undefined ? {} : { since }) }];
  };
}
