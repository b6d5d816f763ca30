import { asVoucherError, VoucherError } from "../errors.ts";
import type { Envelope } from "../event/envelope.ts";
import { parseOccurrenceEvent } from "../event/occurrence.ts";
import type { Verdict } from "../event/verdict.ts";
import { type Canonical, formatReference, nameOf } from "../image/reference.ts";
import type { Announcements, Trail } from "../ports.ts";
import { review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { originOf } from "./copy.ts";
import type { DeliveryPorts, DeliverySettings } from "./deliver.ts";
import { followMessage } from "./follow.ts";
import { verdictForLog } from "./log-verdict.ts";
import { publishCopy } from "./publish-copy.ts";
import { publishVerdict } from "./publish-verdict.ts";
import { type Settlement, settle } from "./settle.ts";
import { type PushRequest, unwrap } from "./unwrap.ts";

/** What became of an announcement, as far as it got. */
interface Heard {
  readonly occurrence?: string;
  readonly image?: Canonical;
  readonly verdict?: Verdict;
  readonly settlement: Settlement;
}

type AnnouncementPorts = DeliveryPorts & { readonly announcements: Announcements };

/**
 * Handles one announcement of Container Analysis: a scan that finished or a build record that appeared has its image reviewed
 * at once. The image's push event still owes the answer, so whatever is pending or undecidable here is acknowledged; only what
 * may succeed later comes back. Never throws.
 */
export function deliverOccurrence(
  request: PushRequest,
  settings: DeliverySettings,
  ports: AnnouncementPorts,
): Promise<Settlement> {
  const envelope = unwrap(request);
  const work = (trail: Trail) => conclude(envelope, request.body, settings, ports, trail);
  return followMessage("announcement", { envelope, headers: request.headers }, ports.observer, work);
}

async function conclude(
  envelope: Envelope | VoucherError,
  body: Uint8Array,
  settings: DeliverySettings,
  ports: AnnouncementPorts,
  trail: Trail,
): Promise<Settlement> {
  const started = ports.clock.now();
  const heard = await hear(envelope, settings, ports);
  const message = envelope instanceof VoucherError ? undefined : envelope;
  const origin = originOf(message, started);
  const about = { eventId: origin.eventId, source: settings.source };
  const error = await publishVerdict(heard.verdict, heard.settlement, about, ports);
  const told = error === undefined ? heard.settlement : settle({ kind: "unpublished", error });
  const settlement =
    told.outcome === "dead-lettered"
      ? await publishCopy(told, { original: message ?? body, origin }, ports)
      : told;
  const milliseconds = ports.clock.now().getTime() - started.getTime();
  record(settlement, heard, message, ports, trail, milliseconds);
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

function record(
  settlement: Settlement,
  { occurrence, image, verdict }: Heard,
  message: Envelope | undefined,
  { observer }: AnnouncementPorts,
  trail: Trail,
  milliseconds: number,
): void {
  const { severity, ...said } = settlement;
  const { outcome } = settlement;
  const named = image === undefined ? {} : { image: formatReference(image) };
  const announced = occurrence === undefined ? {} : { occurrence };
  trail.describe({ ...announced, ...named });
  observer.record(severity, MESSAGES[outcome], {
    ...said,
    ...(message === undefined ? {} : { messageId: message.messageId }),
    ...announced,
    ...named,
    ...(verdict === undefined ? {} : { verdict: verdictForLog(verdict) }),
    ...trail.took(),
    milliseconds,
    labels: { outcome, ...(image === undefined ? {} : { repository: nameOf(image) }) },
  });
}

async function hear(
  envelope: Envelope | VoucherError,
  settings: DeliverySettings,
  ports: AnnouncementPorts,
): Promise<Heard> {
  try {
    if (envelope instanceof VoucherError) throw envelope;
    const event = parseOccurrenceEvent(envelope.data);
    return event.kind === "ignored"
      ? { settlement: settle(event) }
      : await answer(event.name, settings, ports);
  } catch (fault) {
    return { settlement: settle({ kind: "malformed", error: asVoucherError(fault) }) };
  }
}

/** Reviews the image that an occurrence speaks of. Never throws. */
async function answer(
  occurrence: string,
  { checks, platforms, onlyHostsOf, deadline }: DeliverySettings,
  ports: AnnouncementPorts,
): Promise<Heard> {
  let heard: Omit<Heard, "settlement"> = { occurrence };
  const signal = ports.clock.deadline(deadline);
  try {
    const announced = await ports.announcements.read(occurrence, signal);
    if (announced === undefined)
      return { ...heard, settlement: ignored("it speaks of no image, or is gone") };
    const { image } = announced;
    heard = { ...heard, image };
    if (announced.unfinished) return { ...heard, settlement: ignored("the scan has not finished yet") };
    const asked = { image, checks, platforms, onlyHostsOf, existing: "reuse" as const };
    const reviewed = await review(asked, ports, signal);
    const settlement = settle({ kind: "reviewed", review: reviewed }, { mayWait: true });
    return { ...heard, verdict: toVerdict(reviewed), settlement: leaveToPush(settlement) };
  } catch (fault) {
    return { ...heard, settlement: settleFault(asVoucherError(fault)) };
  }
}

/** Images are announced for weeks, also those that were deleted meanwhile, which no later delivery finds. */
function settleFault(error: VoucherError): Settlement {
  if (error.code === "not-found") return ignored(`the image is gone: ${error.message}`);
  return leaveToPush(settle({ kind: "unresolved", error }));
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
