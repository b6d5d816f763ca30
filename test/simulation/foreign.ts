import type { Contents } from "./contents.ts";
import type { Happening } from "./history.ts";
import { keyOf, signatureOf } from "./keys.ts";
import { PROJECTS } from "./names.ts";
import type { NewDocument } from "./occurrences.ts";
import { wordsOf } from "./watch-attestations.ts";

type Foreign = Extract<Happening, { kind: "foreign" }>;

/** An attestation that somebody else has put where ours belongs, and that must not count. */
export function foreignAttestation(foreign: Foreign, contents: Contents): NewDocument {
  const { place, check } = foreign;
  const resourceUri = `https://${place.repository}@${contents.digestOf(place.content)}`;
  const words = wordsOf({ resourceUri });
  const { payload, signatures } = contentOf(foreign, Buffer.from(words));
  return {
    kind: "ATTESTATION",
    noteName: `projects/${PROJECTS.attestations}/notes/${check}`,
    resourceUri,
    attestation: {
      serializedPayload: payload.toString("base64"),
      signatures: signatures.map(([publicKeyId, bytes]) => ({
        publicKeyId,
        signature: Buffer.from(bytes).toString("base64"),
      })),
    },
  };
}

interface Signed {
  readonly payload: Buffer;
  readonly signatures: readonly (readonly [key: string, bytes: Uint8Array])[];
}

function contentOf({ by, check }: Foreign, payload: Buffer): Signed {
  const own = keyOf(check, 1);
  switch (by) {
    case "a stranger":
      return { payload, signatures: [["key-of-a-stranger", signatureOf("key-of-a-stranger", payload)]] };
    case "an impostor":
      return { payload, signatures: [[own, signatureOf("key-of-a-stranger", payload)]] };
    case "another check": {
      const other = keyOf(check === "nobody" ? "diy" : "nobody", 1);
      return { payload, signatures: [[other, signatureOf(other, payload)]] };
    }
    case "another image": {
      const others = Buffer.from(payload.toString().replace(/sha256:\w{8}/, "sha256:00000000"));
      return { payload: others, signatures: [[own, signatureOf(own, others)]] };
    }
    case "nobody":
      return { payload, signatures: [] };
  }
}
