import { describe, expect, it } from "vitest";
import type { Attestation, StoredAttestation } from "../../lib/attest/attestation.ts";
import { standingOf } from "../../lib/store/standing.ts";
import { attestationOf, image } from "./stack.ts";

const ours = attestationOf(image(0));
const stored = (
  { signature, ...attestation }: Attestation,
  more: Partial<StoredAttestation> = {},
): StoredAttestation => ({
  id: "1",
  ...attestation,
  signatures: [signature],
  ...more,
});
const theirs = attestationOf(image(0), "nobody", "them");

describe("what stands in the place of an attestation", () => {
  it.each([
    ["nothing", [], "missing"],
    ["another check's", [stored({ ...ours, checkName: "diy" })], "missing"],
    ["another digest's", [stored({ ...ours, subject: image(1) })], "missing"],
    [
      "another repository's",
      [stored({ ...ours, subject: { ...image(0), repository: "project/other" } })],
      "missing",
    ],
    ["itself", [stored(ours)], "stored"],
    ["itself, asked for by a tag", [stored({ ...ours, subject: { ...image(0), tag: "v1" } })], "stored"],
    [
      "itself among other signatures",
      [stored(theirs, { signatures: [theirs.signature, ours.signature] })],
      "stored",
    ],
    ["itself beside another", [stored(theirs), stored(ours)], "stored"],
    ["another's", [stored(theirs)], "conflict"],
    [
      "our key's, but other bytes",
      [stored({ ...ours, signature: { ...ours.signature, bytes: Buffer.of(1) } })],
      "conflict",
    ],
    [
      "our signature under another key's id",
      [stored({ ...ours, signature: { ...ours.signature, keyId: "x" } })],
      "conflict",
    ],
    ["our signature over another payload", [stored({ ...ours, payload: Buffer.of(1) })], "conflict"],
    ["one without signatures", [stored(ours, { signatures: [] })], "conflict"],
  ])("%s", (_, found, standing) => {
    expect(standingOf(ours, found)).toBe(standing);
  });
});
