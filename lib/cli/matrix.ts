import Table from "cli-table3";
import type { Verdict } from "../app.ts";
import type { Style, Terminal } from "./terminal.ts";

type Result = Verdict["results"][number];

const SIGNS: { readonly [status in Result["status"]]: readonly [Style, string] } = {
  pass: ["green", "✓ pass"],
  fail: ["red", "✗ fail"],
  pending: ["yellow", "… pending"],
  error: ["yellow", "! error"],
};

/** A verdict for people: the matrix platform × check, then what it comes to, and why. */
export function matrix(verdict: Verdict, terminal: Terminal, notes: readonly string[] = []): string {
  const lines = [
    terminal.style("bold", named(verdict)),
    table(verdict, terminal),
    ...reasons(verdict),
    ...notes.map((note) => `  ${note}`),
  ];
  const { skipped } = verdict;
  if (skipped.length > 0) lines.push(`skipped: ${counted(skipped.map(({ reason }) => reason))}`);
  lines.push(conclusion(verdict, terminal));
  return lines.join("\n");
}

function named({ image, tag }: Verdict): string {
  return tag === undefined ? image : image.replace("@", `:${tag}@`);
}

interface Row {
  readonly name: string;
  readonly digest: string;
  readonly results: readonly Result[];
}

/** The platforms, and the image itself where it is more than its one platform. */
function rowsOf({ image, kind, results, platforms }: Verdict): readonly Row[] {
  const rows = platforms.map((one) => ({ name: one.platform, digest: one.digest, results: one.results }));
  const own = kind === "index" ? results.map(withoutSum) : results;
  const itself = { name: kind, digest: image.split("@")[1] ?? "", results: own };
  const saysItAll = kind === "image" && rows.some((row) => row.results.length === results.length);
  return saysItAll ? rows : [...rows, itself];
}

/** Where the policy owes an index nothing, its `attested` sums up the platforms; beside its own digest that would mislead. */
function withoutSum(result: Result): Result {
  return { ...result, attested: result.attested && result.details !== undefined };
}

function table(verdict: Verdict, terminal: Terminal): string {
  const names = verdict.results.map(({ name }) => name);
  const head = ["platform", ...names, "digest"];
  const grid = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { name, results, digest } of rowsOf(verdict)) {
    const byCheck = new Map(results.map((result) => [result.name, result]));
    grid.push([name, ...names.map((check) => cell(byCheck.get(check), terminal)), short(digest)]);
  }
  return grid.toString();
}

/** A check that does not cover a platform has no result there. */
function cell(result: Result | undefined, terminal: Terminal): string {
  if (result === undefined) return terminal.style("dim", "not covered");
  const { status, attested } = result;
  const [style, text] = SIGNS[status];
  return `${terminal.style(style, text)}${attested ? ", attested" : ""}`;
}

function reasons(verdict: Verdict): string[] {
  return rowsOf(verdict).flatMap(({ name, results }) =>
    results.flatMap((result) =>
      result.error === undefined ? [] : [`  ${name}, ${result.name}: ${result.error}`],
    ),
  );
}

function conclusion(verdict: Verdict, terminal: Terminal): string {
  if (verdict.success)
    return terminal.style("green", verdict.attested ? "approved, attested" : "approved, nothing published");
  const failed = rowsOf(verdict).some(({ results }) => results.some(({ status }) => status === "fail"));
  return failed ? terminal.style("red", "rejected") : terminal.style("yellow", "not decided");
}

function short(digest: string): string {
  return digest.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

function counted(reasons: readonly string[]): string {
  const counts = Map.groupBy(reasons, (reason) => reason);
  return [...counts].map(([reason, all]) => `${all.length} × ${reason}`).join(", ");
}
