import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";
import { jsonSchemas } from "./json-schemas.ts";
import { VERDICT_EVENT_TYPE } from "./verdict.ts";
import { VERDICT_DOCUMENTS, VerdictSchema } from "./verdict-schema.ts";

const described = (text: string) => z.string().check(z.describe(text));

/** The CloudEvent (1.0) that tells of a verdict; docs/verdict-event.schema.json is made of this. */
export const VerdictEventSchema = z.object({
  specversion: z.literal("1.0"),
  type: z.literal(VERDICT_EVENT_TYPE),
  source: described("Who published it: a URI reference."),
  id: described("The same whenever the same decision about the same event is told again."),
  time: described("When the event was settled, in RFC 3339."),
  subject: described("The image, named by its digest."),
  datacontenttype: z.literal("application/json"),
  outcome: z
    .enum(["attested", "decided", "dead-lettered"])
    .check(z.describe("How the event was settled: attested, decided otherwise, or given up.")),
  success: z.boolean().check(z.describe("The verdict's own; here to filter by.")),
  data: VerdictSchema,
});

export type VerdictEvent = z.infer<typeof VerdictEventSchema>;

/** Reads a verdict event as JSON has it. Throws `malformed`. */
export function parseVerdictEvent(document: unknown): VerdictEvent {
  const parsed = VerdictEventSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const member = parsed.error.issues[0]?.path.join(".").slice(0, 100) || "it";
  throw new VoucherError("malformed", `this is no verdict event: ${member} is missing or has the wrong type`);
}

/** As much of a Pub/Sub message as holds a CloudEvent. */
export interface EventMessage {
  readonly data: Uint8Array;
  readonly attributes: { readonly [name: string]: string };
}

/**
 * Reads the verdict event that a Pub/Sub message holds, in the binary or the structured mode of Google's CloudEvents binding.
 * `undefined` where the message is something else. Throws `malformed` where it says that it is one and cannot be read.
 */
export function verdictEventOf({ data, attributes }: EventMessage): VerdictEvent | undefined {
  const contentType = attributes["content-type"] ?? "";
  if (contentType.startsWith("application/cloudevents")) {
    const document = parseJson(data);
    return isVerdictEvent(document) ? parseVerdictEvent(document) : undefined;
  }
  if (attributes["ce-type"] !== VERDICT_EVENT_TYPE) return undefined;
  const own = Object.entries(attributes).filter(([name]) => name.startsWith("ce-"));
  const members = Object.fromEntries(own.map(([name, value]) => [name.slice("ce-".length), value]));
  const success = members["success"] === "true";
  const datacontenttype = contentType || "application/json";
  return parseVerdictEvent({ ...members, datacontenttype, success, data: parseJson(data) });
}

/** Whether a JSON document says that it is a verdict event. */
export function isVerdictEvent(document: unknown): boolean {
  return (
    typeof document === "object" &&
    document !== null &&
    "type" in document &&
    document.type === VERDICT_EVENT_TYPE
  );
}

/** The JSON Schema of verdict events. */
export function verdictEventJsonSchema(): object {
  const { Event, ...$defs } = jsonSchemas({ Event: VerdictEventSchema, ...VERDICT_DOCUMENTS }, "#/$defs/");
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: VERDICT_EVENT_TYPE,
    description:
      "The CloudEvent that Voucher publishes to events.verdict_topic when an event is settled. On Pub/Sub its data is the message's data, and every other member an attribute with the prefix ce-; datacontenttype is the attribute content-type.",
    ...Event,
    $defs,
  };
}
