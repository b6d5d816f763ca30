import { asVoucherError, type VoucherError } from "../errors.ts";
import type { Verdict } from "../event/verdict.ts";
import { PUBLISH_MS, type PublishPorts } from "./publish-copy.ts";
import type { Settlement } from "./settle.ts";
import { verdictEvent } from "./verdict-event.ts";

/** Who verdict events are from where nothing else is said. */
const SOURCE = "voucher";

/**
 * Publishes the verdict by which an event is settled. One that is still to be decided has none yet, and what was ignored never
 * had. Returns why it could not be published, where it could not; never throws.
 */
export async function publishVerdict(
  verdict: Verdict | undefined,
  { outcome }: Settlement,
  about: { readonly eventId: string; readonly source?: string | undefined },
  { publisher, clock, observer }: PublishPorts,
): Promise<VoucherError | undefined> {
  const isSettled = outcome === "attested" || outcome === "decided" || outcome === "dead-lettered";
  if (verdict === undefined || !isSettled || !publisher.has("verdict")) return undefined;
  const { eventId, source = SOURCE } = about;
  const message = verdictEvent(verdict, { eventId, source, outcome, at: clock.now() });
  const publish = () => publisher.publish("verdict", message, clock.deadline(PUBLISH_MS));
  return observer.stage("publish", publish).then(() => undefined, asVoucherError);
}
