import type { Envelope } from "../event/envelope.ts";
import type { Push } from "../event/push.ts";
import type { Verdict } from "../event/verdict.ts";
import type { Origin } from "./copy.ts";
import type { Ending } from "./settle.ts";

/** What became of one delivery of a push event, as far as it got. */
export interface Handled {
  readonly envelope?: Envelope;
  readonly push?: Extract<Push, { kind: "push" }>;
  readonly origin: Origin;
  readonly ending: Ending;
  readonly verdict?: Verdict;
}
