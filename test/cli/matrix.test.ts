import { describe, expect, it } from "vitest";
import { matrix } from "../../lib/cli/matrix.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";
import type { Result, Verdict } from "../../lib/review/verdict.ts";

const terminal: Terminal = { out: () => {}, err: () => {}, columns: 80, style: (_, text) => text };
const INDEX = `sha256:${"1".repeat(64)}`;
const ARM64 = `sha256:${"2".repeat(64)}`;
const details = { CheckName: "nobody", Body: "{}", Signature: "c2ln", KeyID: "key" };
const attested: Result = { name: "nobody", status: "pass", success: true, attested: true, details };
const { details: _, ...summedUp } = attested;

/** An index of one platform, which is attested; `own` is what the verdict says of the index itself. */
function verdict(own: Result): Verdict {
  return {
    image: `127.0.0.1:5000/team/app@${INDEX}`,
    tag: "v1",
    kind: "index",
    success: true,
    attested: true,
    results: [own],
    platforms: [
      { platform: "linux/arm64", digest: ARM64, success: true, attested: true, results: [attested] },
    ],
    skipped: [],
  };
}

/** The cells of the table's row that begins with `name`. */
function row(text: string, name: string): readonly string[] {
  const line = text.split("\n").find((one) => one.startsWith(`│ ${name}`)) ?? "";
  return line
    .split("│")
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
}

describe("the row of an index", () => {
  it("says attested where its own digest is", () => {
    const text = matrix(verdict(attested), terminal);
    expect(row(text, "index")).toEqual(["index", "✓ pass, attested", "sha256:111111111111…"]);
  });

  it("does not say so where its result sums up the platforms and its own digest is not attested", () => {
    const text = matrix(verdict(summedUp), terminal);
    expect(row(text, "index")).toEqual(["index", "✓ pass", "sha256:111111111111…"]);
    expect(row(text, "linux/arm64")).toEqual(["linux/arm64", "✓ pass, attested", "sha256:222222222222…"]);
    expect(text).toContain("approved, attested");
  });
});
