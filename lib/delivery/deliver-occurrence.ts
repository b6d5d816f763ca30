import { asVoucherError } from "../errors.ts";
import { type Envelope, parseEnvelope } from "../event/envelope.ts";
import { type OccurrenceEvent, parseOccurrenceEvent } from "../event/occurrence.ts";
import { formatReference } from "../image/reference.ts";
import type { Announcements } from "../ports.ts";
import { review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { originOf } from "./copy.ts";
import type { DeliveryPorts, DeliverySettings, PushRequest } from "./deliver.ts";
import { verdictForLog } from "./log-verdict.ts";
import { publishCopy } from "./publish-copy.ts";
import { type Ending, type Settlement, settle } from "./settle.ts";

/** What was received, as far as it could be read. */
interface Received {
  readonly envelope?: Envelope;
  readonly event: OccurrenceEvent | Extract<Ending, { kind: "malformed" }>;
}

/** What became of an announcement, as far as it got. */
interface Heard {
  readonly occurrence?: string;
  readonly image?: string;
  readonly verdict?: object;
  readonly settlement: Settlement;
}

type OccurrencePorts = DeliveryPorts & { readonly announcements: Announcements };

/**
 * Handles one announcement of Container Analysis: a scan that finished or a build record that appeared has its image reviewed
 * at once. The image's push event still owes the answer, so whatever is pending or undecidable here is acknowledged; only what
 * may succeed later comes back. Never throws.
 */
export async function deliverOccurrence(
  request: PushRequest,
  settings: DeliverySettings,
  ports: OccurrencePorts,
): Promise<Settlement> {
  const started = ports.clock.now();
  const { envelope, event } = read(request);
  const heard: Heard =
    event.kind === "occurrence" ? await follow(event.name, settings, ports) : { settlement: settle(event) };
  const copied = { original: envelope ?? request.body, origin: originOf(envelope, started) };
  const settlement =
    event.kind === "malformed" ? await publishCopy(heard.settlement, copied, ports) : heard.settlement;
  const { severity, ...said } = settlement;
  const { settlement: _, ...known } = heard;
  ports.observer.record(severity, MESSAGES[settlement.outcome], {
    ...said,
    ...known,
    ...(envelope === undefined ? {} : { messageId: envelope.messageId }),
    milliseconds: ports.clock.now().getTime() - started.getTime(),
  });
  return settlement;
}

const MESSAGES: { readonly [outcome in Settlement["outcome"]]: string } = {
  attested: "image attested after an announcement",
  decided: "image decided after an announcement",
  ignored: "announcement ignored",
  "dead-lettered": "announcement dead-lettered",
  waiting: "announcement came before all evidence",
  retry: "announcement comes back",
};

function read({ headers, body }: PushRequest): Received {
  let envelope: Envelope | undefined;
  try {
    envelope = parseEnvelope(headers, body);
    return { envelope, event: parseOccurrenceEvent(envelope.data) };
  } catch (fault) {
    const event = { kind: "malformed", error: asVoucherError(fault) } as const;
    return envelope === undefined ? { event } : { envelope, event };
  }
}

/** Reviews the image that an occurrence speaks of. Never throws. */
async function follow(
  occurrence: string,
  settings: DeliverySettings,
  ports: OccurrencePorts,
): Promise<Heard> {
  const { checks, platforms, onlyHostsOf, deadline } = settings;
  const signal = ports.clock.deadline(deadline);
  let image: string | undefined;
  try {
    const announced = await ports.announcements.read(occurrence, signal);
    if (announced === undefined)
      return { occurrence, settlement: ignored("it speaks of no image, or is gone") };
    image = formatReference(announced.image);
    if (announced.unfinished)
      return { occurrence, image, settlement: ignored("the scan has not finished yet") };
    const asked = { image: announced.image, checks, platforms, onlyHostsOf, existing: "reuse" as const };
    const reviewed = await review(asked, ports, signal);
    const settlement = settle({ kind: "reviewed", review: reviewed }, { mayWait: true });
    const verdict = verdictForLog(toVerdict(reviewed));
    return { occurrence, image, verdict, settlement: leaveToPush(settlement) };
  } catch (fault) {
    const settlement = settle({ kind: "unresolved", error: asVoucherError(fault) });
    return {
      occurrence,
      ...(image === undefined ? {} : { image }),
      settlement: leaveToPush(settlement),
    };
  }
}

/** What nothing can help is given up by the image's own push event, and copied once; an announcement of it is no loss. */
function leaveToPush(settlement: Settlement): Settlement {
  if (settlement.outcome !== "dead-lettered") return settlement;
  const reason = `the image's push event owes the answer: ${settlement.reason}`;
  return { status: 204, outcome: "ignored", severity: "WARNING", reason };
}

function ignored(reason: string): Settlement {
  return settle({ kind: "ignored", reason });
}
