import { parseOccurrenceEvent } from "../event/occurrence.ts";
import { type Push, parsePush } from "../event/push.ts";

/** The same for each of them, so that they are counted together. */
const ANNOUNCEMENT = "an announcement of Container Analysis: its image's push event owes the answer";

/**
 * The push event in `data`. An announcement of Container Analysis needs no review here: those that nobody could take in time
 * are dead-lettered beside push events, and whatever one speaks of has a push event of its own. Throws `malformed`.
 */
export function pushIn(data: Uint8Array): Push {
  try {
    return parsePush(data);
  } catch (fault) {
    if (isAnnouncement(data)) return { kind: "ignored", reason: ANNOUNCEMENT };
    throw fault;
  }
}

function isAnnouncement(data: Uint8Array): boolean {
  try {
    parseOccurrenceEvent(data);
    return true;
  } catch {
    return false;
  }
}
