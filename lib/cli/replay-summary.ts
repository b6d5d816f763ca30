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

/** A replay for people: how many events had which outcome for which reason, and what that comes to. */
export function replaySummary({ summary, groups }: Replayed, terminal: Terminal): string {
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
  return [...table, conclusion(summary)].join("\n");
}

function conclusion({ seen, matched, done, pending, failed, resumed }: Replayed["summary"]): string {
  const parts = [
    `${seen} seen`,
    `${matched} selected`,
    `${done} done`,
    ...(resumed > 0 ? [`${resumed} done by an earlier run`] : []),
    ...(pending > 0 ? [`${pending} pending`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return parts.join(", ");
}
