import * as z from "zod/mini";
import { isOccurrenceName } from "./names.ts";
import { message, moment, text } from "./proto-json.ts";

/** A Grafeas v1beta1 occurrence, as far as it says what it is about. */
export interface OccurrenceV1Beta1 {
  readonly name: string;
  /** A name of grafeas.v1beta1.NoteKind. */
  readonly kind: string;
  readonly noteName: string;
  readonly resourceUri: string;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
}

const content = z.optional(z.unknown());
const OccurrenceSchema = z.object({
  name: z.string().check(z.refine(isOccurrenceName)),
  kind: text,
  noteName: text,
  resource: message({ uri: text }),
  vulnerability: content,
  build: content,
  discovered: content,
  attestation: content,
  createTime: moment,
  updateTime: moment,
});

/** Returns `undefined` for a document that is no occurrence. */
export function parseOccurrenceV1Beta1(document: unknown): OccurrenceV1Beta1 | undefined {
  const { data } = OccurrenceSchema.safeParse(document);
  if (data === undefined) return undefined;
  const { name, noteName, resource, createTime, updateTime } = data;
  return {
    name,
    noteName,
    resourceUri: resource?.uri ?? "",
    kind: kindOf(data),
    ...(createTime === undefined ? {} : { createdAt: createTime }),
    ...(updateTime === undefined ? {} : { updatedAt: updateTime }),
  };
}

/** The server keeps `kind` as whoever created the occurrence sent it, and most send none: its content decides. */
function kindOf({
  kind,
  vulnerability,
  build,
  discovered,
  attestation,
}: z.infer<typeof OccurrenceSchema>): string {
  if (vulnerability != null) return "VULNERABILITY";
  if (build != null) return "BUILD";
  if (discovered != null) return "DISCOVERY";
  return attestation != null ? "ATTESTATION" : kind;
}
