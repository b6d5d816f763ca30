import * as z from "zod/mini";
import { list, message, moment, text } from "./proto-json.ts";

/** How far the scan of an image is. */
export type ScanState = "pending" | "scanning" | "finished" | "failed" | "unsupported";

/** What an occurrence of kind DISCOVERY says of a scan. */
export interface Discovery {
  readonly state: ScanState;
  /** Whether the image is no longer watched: what was found does not count any more. */
  readonly stale: boolean;
  /** What went wrong, in the scanner's own words; they are a stranger's, so clean them before they are shown. */
  readonly errors: readonly string[];
  /** When the image was discovered. */
  readonly since?: Date;
  readonly updatedAt?: Date;
}

const STATES: ReadonlyMap<string, ScanState> = new Map([
  ["SCANNING", "scanning"],
  ["FINISHED_SUCCESS", "finished"],
  // The same value under its second name.
  ["COMPLETE", "finished"],
  ["FINISHED_FAILED", "failed"],
  ["FINISHED_UNSUPPORTED", "unsupported"],
]);

/** google.rpc.Status. Among its details a google.rpc.LocalizedMessage is meant for people. */
const status = message({
  message: text,
  details: list(z.object({ message: z.nullish(z.unknown()) })),
});

/** grafeas.v1.DiscoveryOccurrence and grafeas.v1beta1.discovery.Discovered agree in all of this. */
const analysis = message({
  analysisStatus: text,
  continuousAnalysis: text,
  analysisError: list(status),
  analysisStatusError: status,
});

const times = { createTime: moment, updateTime: moment };
const DiscoverySchema = z.object({ ...times, discovery: analysis });
const DiscoveredSchema = z.object({ ...times, discovered: message({ discovered: analysis }) });

/** Reads a Grafeas v1 document; `undefined` for one that cannot be read. */
export function parseDiscovery(document: unknown): Discovery | undefined {
  const { data } = DiscoverySchema.safeParse(document);
  return data && toDiscovery(data, data.discovery);
}

/** Reads a v1beta1 document; `undefined` for one that cannot be read. */
export function parseDiscoveryV1Beta1(document: unknown): Discovery | undefined {
  const { data } = DiscoveredSchema.safeParse(document);
  return data && toDiscovery(data, data.discovered?.discovered);
}

/** A state that is missing, unspecified or not known here counts as one that is still to come. */
function toDiscovery(
  {
    createTime,
    updateTime,
  }: { readonly createTime?: Date | undefined; readonly updateTime?: Date | undefined },
  said: z.infer<typeof analysis>,
): Discovery {
  const { analysisStatus = "", continuousAnalysis, analysisError = [], analysisStatusError } = said ?? {};
  return {
    state: STATES.get(analysisStatus) ?? "pending",
    stale: continuousAnalysis === "INACTIVE",
    errors: [...new Set([...analysisError, analysisStatusError].flatMap(wordsOf))],
    ...(createTime === undefined ? {} : { since: createTime }),
    ...(updateTime === undefined ? {} : { updatedAt: updateTime }),
  };
}

function wordsOf(given: z.infer<typeof status>): readonly string[] {
  if (given === undefined) return [];
  const localized = given.details.map((detail) => detail.message);
  return [given.message, ...localized].filter((one): one is string => typeof one === "string" && one !== "");
}
