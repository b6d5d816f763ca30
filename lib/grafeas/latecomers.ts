import * as z from "zod/mini";
import { resourceUriOf } from "./names.ts";
import type { Held } from "./open-source-listing.ts";
import { text } from "./proto-json.ts";

const CreatedSchema = z.object({ createTime: text });

/**
 * The names among `ours` of attestations that were created after another of the same note on the same image: the first one
 * is in its place, by the server's own time and, should that be the same, by name. Everyone who looks sees the same first.
 */
export function latecomers(standing: readonly Held[], ours: ReadonlySet<string>): readonly string[] {
  const attestations = standing.filter(({ occurrence }) => occurrence.kind === "ATTESTATION");
  const byPlace = Map.groupBy(
    attestations,
    ({ occurrence: { noteName }, subject }) => `${noteName} ${resourceUriOf(subject)}`,
  );
  return [...byPlace.values()].flatMap((inOnePlace) => {
    const [, ...later] = inOnePlace.map(positionOf).sort();
    return later
      .map((position) => position.slice(position.indexOf(" ") + 1))
      .filter((name) => ours.has(name));
  });
}

/** Sorts as text: the moment to the nanosecond, which no `Date` holds, then the name. */
function positionOf({ occurrence: { name }, document }: Held): string {
  const { createTime = "" } = CreatedSchema.safeParse(document).data ?? {};
  const [, moment = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(createTime) ?? [];
  return `${moment}.${fraction.padEnd(9, "0")} ${name}`;
}
