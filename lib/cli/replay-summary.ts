import Table from "cli-table3";
import type { Replayed } from "../replay/replay.ts";
import type { OutcomeKind } from "../replay/tally.ts";
import { oneLine } from "./one-line.ts";
import type { Style, Terminal } from "./terminal.ts";

const SHOWN: { readonly [kind in OutcomeKind]: readonly [Style, string] } = {
  approved: ["green", "approved"],
  rejected: ["red", "rejected"],
  published: ["green", "published"],
  ignored: ["dim", "ignored"],
  pending: ["yellow", "pending"],
  failed: ["red", "failed"],
  selected: ["bold", "would be replayed"],
};

const LONGEST_REASON = 100;

/** What is said of each of these as soon as it happens. */
const TOLD_BEFORE: readonly OutcomeKind[] = ["pending", "failed"];

/**
 * A replay for people: how many events had which outcome for which reason, what was said of one of each, and what that comes
 * to. A `dryRun` does nothing, whatever it counts as done.
 */
export function replaySummary(
  { summary, groups, untimed }: Replayed,
  terminal: Pick<Terminal, "style">,
  dryRun = false,
): string {
  const grid = new Table({
    head: ["outcome", "reason", "events"],
    colAligns: ["left", "left", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { kind, reason, count } of groups) {
    const [style, word] = SHOWN[kind];
    grid.push([terminal.style(style, word), oneLine(reason, LONGEST_REASON), count]);
  }
  const table = groups.length === 0 ? [] : [grid.toString()];
  return [...table, ...examples(groups), ...untimedLine(untimed), conclusion(summary, dryRun)].join("\n");
}

/** `  waited, for example: no scan in 60 minutes` */
function examples(groups: Replayed["groups"]): readonly string[] {
  return groups.flatMap(({ kind, reason, count, sentence }) => {
    if (sentence === undefined || sentence === reason || TOLD_BEFORE.includes(kind)) return [];
    const group = reason === "" ? kind : reason;
    return [oneLine(`  ${group}${count > 1 ? ", for example" : ""}: ${sentence}`)];
  });
}

/** Whoever asked for what happened since yesterday would else take it that nothing did. */
function untimedLine(untimed: number): readonly string[] {
  return untimed === 0 ? [] : [`  nobody knows when ${untimed} happened: --since and --until leave them out`];
}

function conclusion(
  { seen, matched, done, pending, failed, resumed }: Replayed["summary"],
  dryRun: boolean,
): string {
  const parts = [
    `${seen} seen`,
    `${matched} selected`,
    dryRun ? "nothing done in a dry run" : `${done} done`,
    ...(resumed > 0 ? [`${resumed} done by an earlier run`] : []),
    ...(pending > 0 ? [`${pending} pending`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return parts.join(", ");
}
