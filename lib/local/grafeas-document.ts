import { Refusal } from "./server.ts";

/** A JSON object as a client sent it, or a part of one. */
export type Document = { readonly [key: string]: unknown };

/** A Grafeas v1 occurrence, as far as a client decides it. The content of every kind but attestations is kept unread. */
export interface NewOccurrence {
  readonly resourceUri: string;
  readonly noteName: string;
  readonly kind: string;
  readonly attestation?: AttestationContent;
}

/** An occurrence as the API answers it. */
export interface Occurrence extends NewOccurrence, Stamped {}

/** grafeas.v1.AttestationOccurrence; its bytes are standard base64. */
export interface AttestationContent {
  readonly serializedPayload: string;
  readonly signatures: readonly { readonly signature: string; readonly publicKeyId: string }[];
}

export interface NewNote {
  readonly kind: string;
}

export interface Note extends NewNote, Stamped {}

/** What the API gives everything that it creates; times in RFC 3339. */
interface Stamped {
  readonly name: string;
  readonly createTime: string;
  readonly updateTime: string;
}

/** The member that holds an occurrence's or a note's content, and the kind that it makes it (grafeas.v1, NoteKind). */
const KINDS: { readonly [member: string]: string } = {
  vulnerability: "VULNERABILITY",
  build: "BUILD",
  image: "IMAGE",
  package: "PACKAGE",
  deployment: "DEPLOYMENT",
  discovery: "DISCOVERY",
  attestation: "ATTESTATION",
  upgrade: "UPGRADE",
  compliance: "COMPLIANCE",
  dsseAttestation: "DSSE_ATTESTATION",
  sbomReference: "SBOM_REFERENCE",
  secret: "SECRET",
};
const NOTE_KINDS: { readonly [member: string]: string } = {
  ...KINDS,
  vulnerabilityAssessment: "VULNERABILITY_ASSESSMENT",
};

const OUTPUT_ONLY = ["name", "createTime", "updateTime"];
const OF_OCCURRENCE = ["resourceUri", "noteName", "kind", "remediation", "envelope"];
const OF_NOTE = [
  "kind",
  "shortDescription",
  "longDescription",
  "relatedUrl",
  "expirationTime",
  "relatedNoteNames",
];
const NOTE_NAME = /^projects\/[^/]+(?:\/locations\/[^/]+)?\/notes\/[^/]+$/;

/** Reads an occurrence that a client sent; what the API alone decides is left out. Throws {@link Refusal} (400). */
export function readOccurrence(sent: unknown): NewOccurrence {
  const document = readMembers(sent, "occurrence", [...OF_OCCURRENCE, ...Object.keys(KINDS)]);
  const { member, kind } = contentOf(document, "occurrence", KINDS);
  const { resourceUri, noteName, ...rest } = document;
  if (typeof resourceUri !== "string" || resourceUri === "")
    throw invalid("occurrence.resource_uri is required");
  if (typeof noteName !== "string" || !NOTE_NAME.test(noteName)) {
    throw invalid("occurrence.note_name must be projects/PROJECT/notes/NOTE");
  }
  const content = member === "attestation" ? { attestation: readAttestation(rest[member]) } : {};
  return { ...rest, resourceUri, noteName, kind, ...content };
}

/** Reads a note that a client sent. Throws {@link Refusal} (400). */
export function readNote(sent: unknown): NewNote {
  const document = readMembers(sent, "note", [...OF_NOTE, ...Object.keys(NOTE_KINDS)]);
  return { ...document, kind: contentOf(document, "note", NOTE_KINDS).kind };
}

/** A note of `kind` that says nothing. */
export function emptyNote(kind: string): Document {
  const member = Object.keys(NOTE_KINDS).find((name) => NOTE_KINDS[name] === kind);
  return member === undefined ? {} : { [member]: {} };
}

/** Reads the body of a request as a JSON object. Throws {@link Refusal} (400). */
export function readBody(body: Uint8Array): Document {
  try {
    return readObject(JSON.parse(Buffer.from(body).toString()), "the body");
  } catch (thrown) {
    throw thrown instanceof Refusal ? thrown : invalid("the body is no JSON");
  }
}

export function invalid(message: string): Refusal {
  return new Refusal(400, message, "INVALID_ARGUMENT");
}

function readMembers(sent: unknown, what: string, known: readonly string[]): Document {
  const document = readObject(sent, what);
  const unknown = Object.keys(document).find((key) => !known.includes(key) && !OUTPUT_ONLY.includes(key));
  if (unknown !== undefined)
    throw invalid(`Invalid JSON payload received. Unknown name "${unknown}" at '${what}'`);
  return Object.fromEntries(Object.entries(document).filter(([key]) => known.includes(key)));
}

function contentOf(document: Document, what: string, kinds: { readonly [member: string]: string }) {
  const members = Object.keys(kinds).filter((key) => document[key] !== undefined);
  const [member] = members;
  const kind = member === undefined ? undefined : kinds[member];
  if (member === undefined || kind === undefined || members.length > 1) {
    throw invalid(`${what} needs the content of exactly one kind, and has that of ${members.length}`);
  }
  readObject(document[member], `${what}.${member}`);
  if (document["kind"] !== undefined && document["kind"] !== kind) {
    throw invalid(`${what}.kind is ${document["kind"]}, but its content is of kind ${kind}`);
  }
  return { member, kind };
}

function readAttestation(value: unknown): AttestationContent {
  const { serializedPayload, signatures = [], ...rest } = readObject(value, "occurrence.attestation");
  const other = Object.keys(rest).find((key) => key !== "jwts");
  if (other !== undefined || !Array.isArray(signatures)) {
    throw invalid(`Invalid value at 'occurrence.attestation' (${other ?? "signatures"})`);
  }
  return {
    ...rest,
    serializedPayload: readBytes(serializedPayload, "serialized_payload"),
    signatures: signatures.map((signature: unknown) => {
      const {
        signature: bytes,
        publicKeyId,
        ...unknown
      } = readObject(signature, "occurrence.attestation.signatures");
      if (typeof publicKeyId !== "string" || publicKeyId === "" || Object.keys(unknown).length > 0) {
        throw invalid("each signature needs a public_key_id and nothing besides");
      }
      return { signature: readBytes(bytes, "signature"), publicKeyId };
    }),
  };
}

/** Protocol Buffers' JSON mapping: either base64 alphabet is read, with or without padding; the standard one is written. */
function readBytes(value: unknown, field: string): string {
  if (typeof value !== "string" || !/^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}={0,2})?$/.test(value)) {
    throw invalid(`Invalid value at '${field}' (TYPE_BYTES), Base64 decoding failed`);
  }
  return Buffer.from(value, "base64").toString("base64");
}

function readObject(value: unknown, what: string): Document {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(`${what} must be an object`);
  return { ...value };
}
