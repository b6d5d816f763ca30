import * as z from "zod/mini";
import { tryParseJson } from "../image/json.ts";
import { type Canonical, nameOf } from "../image/reference.ts";
import type { Format } from "./claim.ts";

/** What a Binary Authorization payload says. Not yet compared with any image. */
export interface Payload {
  readonly dockerReference: string;
  readonly digest: string;
  readonly type: string;
}

/** The one `type` that Binary Authorization accepts. */
const TYPE = "Google cloud binauthz container signature";

// Strict: a member that we do not know, or know in another case, could be the one that another reader goes by.
const PayloadSchema = z.strictObject({
  critical: z.strictObject({
    identity: z.strictObject({ "docker-reference": z.string() }),
    image: z.strictObject({ "docker-manifest-digest": z.string() }),
    type: z.string(),
  }),
});

/**
 * Returns the bytes to sign to say that `subject` was approved: Binary Authorization's payload as compact JSON, its keys
 * in the order that Voucher always wrote them.
 */
export function binauthzPayload(subject: Canonical): Uint8Array {
  const document: z.infer<typeof PayloadSchema> = {
    critical: {
      identity: { "docker-reference": nameOf(subject) },
      image: { "docker-manifest-digest": subject.digest },
      type: TYPE,
    },
  };
  return new TextEncoder().encode(JSON.stringify(document));
}

/**
 * Reads a payload in any layout, gcloud's indented one included. Returns `undefined` for bytes that are no such document
 * or that two readers could read in two ways. Never throws.
 */
export function readPayload(bytes: Uint8Array): Payload | undefined {
  const parsed = PayloadSchema.safeParse(tryParseJson(bytes));
  if (!parsed.success) return undefined;
  const { identity, image, type } = parsed.data.critical;
  return { dockerReference: identity["docker-reference"], digest: image["docker-manifest-digest"], type };
}

/** Binary Authorization's payload; it names no check, so that for each check a key and a note of its own speak. */
export const binauthz: Format = {
  sharesPayload: true,
  payloadOf: ({ subject }) => binauthzPayload(subject),
  signedBytes: (payload) => payload,
  strangeness: (payload, _checkName, subject) => strangeness(payload, subject),
};

/** Whether these signed bytes speak of exactly `subject`: its type, its name and its digest all equal, to the letter. */
export function speaksOf(payload: Uint8Array, subject: Canonical): boolean {
  const said = readPayload(payload);
  return said?.type === TYPE && said.dockerReference === nameOf(subject) && said.digest === subject.digest;
}

function strangeness(payload: Uint8Array, subject: Canonical): string | undefined {
  if (speaksOf(payload, subject)) return undefined;
  const said = readPayload(payload);
  if (said === undefined) return "its payload is unreadable";
  if (said.digest !== subject.digest) return "its payload names another digest";
  if (said.dockerReference !== nameOf(subject)) return "its payload names another repository";
  return "its payload is of another type";
}
