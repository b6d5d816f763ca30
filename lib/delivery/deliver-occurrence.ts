import { asVoucherError, type VoucherError } from "../errors.ts";
import { parseEnvelope } from "../event/envelope.ts";
import { parseOccurrenceEvent } from "../event/occurrence.ts";
import { formatReference } from "../image/reference.ts";
import type { Announcements } from "../ports.ts";
import { review } from "../review/review.ts";
import { toVerdict } from "../review/verdict.ts";
import { originOf } from "./copy.ts";
import type { DeliveryPorts, DeliverySettings, PushRequest } from "./deliver.ts";
import { verdictForLog } from "./log-verdict.ts";
import { publishCopy } from "./publish-copy.ts";
import { type Settlement, settle } from "./settle.ts";

/** What became of an announcement, as far as it got. */
interface Heard {
  readonly occurrence?: string;
  readonly image?: string;
  readonly verdict?: object;
  readonly settlement: Settlement;
}

/**
 * Handles one announcement of Container Analysis: a scan that finished or a build record that appeared has its image reviewed
 * at once. The image's push event still owes the answer, so whatever is pending or undecidable here is acknowledged; only what
 * may succeed later comes back. Never throws.
 */
export async function deliverOccurrence(
  request: PushRequest,
  settings: DeliverySettings,
  ports: DeliveryPorts & { readonly announcements: Announcements },
): Promise<Settlement> {
  const started = ports.clock.now();
  const { settlement: decided, ...heard } = await hear(request, settings, ports);
  // What is malformed may be the image, or evidence about it: then its push event is copied, and not the announcement.
  const isMalformed =
    heard.image === undefined && decided.outcome === "dead-lettered" && decided.deadLetter === "malformed";
  const copied = { original: request.body, origin: originOf(undefined, started) };
  const settlement = isMalformed ? await publishCopy(decided, copied, ports) : decided;
  const { severity, ...said } = settlement;
  const milliseconds = ports.clock.now().getTime() - started.getTime();
  ports.observer.record(severity, MESSAGES[settlement.outcome], { ...said, ...heard, milliseconds });
  return settlement;
}

const MESSAGES: { readonly [outcome in Settlement["outcome"]]: string } = {
  attested: "image attested after an announcement",
  decided: "image decided after an announcement",
  ignored: "announcement ignored",
  "dead-lettered": "announcement led nowhere",
  waiting: "announcement came before all evidence",
  retry: "announcement comes back",
};

async function hear(
  request: PushRequest,
  settings: DeliverySettings,
  ports: DeliveryPorts & { readonly announcements: Announcements },
): Promise<Heard> {
  let occurrence: string | undefined;
  let image: string | undefined;
  try {
    const event = parseOccurrenceEvent(parseEnvelope(request.headers, request.body).data);
    if (event.kind === "ignored") return { settlement: settle(event) };
    occurrence = event.name;
    const signal = ports.clock.deadline(settings.deadline);
    const announced = await ports.announcements.read(event.name, signal);
    if (announced === undefined)
      return { occurrence, settlement: ignored("it speaks of no image, or is gone") };
    image = formatReference(announced.image);
    if (announced.unfinished)
      return { occurrence, image, settlement: ignored("the scan has not finished yet") };
    const { checks, platforms, onlyHostsOf } = settings;
    const asked = { image: announced.image, checks, platforms, onlyHostsOf, existing: "reuse" as const };
    const reviewed = await review(asked, ports, signal);
    const settlement = settle({ kind: "reviewed", review: reviewed }, { mayWait: true });
    return { occurrence, image, verdict: verdictForLog(toVerdict(reviewed)), settlement };
  } catch (fault) {
    const heard = {
      ...(occurrence === undefined ? {} : { occurrence }),
      ...(image === undefined ? {} : { image }),
    };
    return { ...heard, settlement: settleFault(asVoucherError(fault)) };
  }
}

/**
 * An announcement that cannot be understood or followed is no loss: what it announces has its own push event. Images are
 * announced for weeks, also those that were deleted meanwhile, which no later delivery finds.
 */
function settleFault(error: VoucherError): Settlement {
  if (error.code === "not-found") return ignored(`the image is gone: ${error.message}`);
  return settle({ kind: error.code === "malformed" ? "malformed" : "unresolved", error });
}

function ignored(reason: string): Settlement {
  return settle({ kind: "ignored", reason });
}
