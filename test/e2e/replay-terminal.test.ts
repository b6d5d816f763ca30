import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bundled } from "../support/bundled.ts";
import { run, startProcess } from "../support/processes.ts";
import { describeWith } from "../support/tools.ts";

const LINES = [
  ...Array.from({ length: 40 }, (_, at) => JSON.stringify({ action: "DELETE", tag: `gcr.io/p/app:v${at}` })),
  "{broken",
];

describeWith(["script"], "voucher replay for people", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-replay-"));
    await writeFile(join(folder, "events.jsonl"), `${LINES.join("\n")}\n`);
    await writeFile(join(folder, "voucher.toml"), "dryrun = true\n[checks]\nnobody = true\n");
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("draws a bar on a terminal, with what was said above it and the table under it", async () => {
    const command = `${process.execPath} ${bundled("voucher.mjs")} replay --file events.jsonl`;
    // util-linux's script gives the command a terminal of its own.
    const shell = await startProcess("script", ["-qefc", command, "typescript"], {
      cwd: folder,
      env: { HOME: folder, TERM: "xterm" },
    });
    const { code } = await shell.ended;
    await shell.close();
    const shown = await readFile(join(folder, "typescript"), "utf8");

    expect(code).toBe(3);
    expect(shown).toMatch(/█+/);
    expect(shown).toMatch(/100 %, 41 seen, \d+\/s, about 0 s left: 40 ignored, 1 failed/);
    expect(shown.indexOf("voucher: line 41: the document is not JSON")).toBeGreaterThan(-1);
    expect(shown.indexOf("│ malformed")).toBeGreaterThan(shown.lastIndexOf("█"));
    expect(shown).toContain("41 seen, 41 selected, 40 done, 1 failed");
    // The cursor is shown again.
    expect(shown.lastIndexOf("\u001b[?25h")).toBeGreaterThan(shown.lastIndexOf("\u001b[?25l"));
  });

  it("writes plain lines elsewhere, and the table to those who read it", async () => {
    const args = [bundled("voucher.mjs"), "replay", "--file", "events.jsonl"];
    const { code, stdout, stderr } = await run(process.execPath, args, {
      cwd: folder,
      env: { HOME: folder },
    });

    expect(code).toBe(3);
    expect(stderr.split("\n")).toEqual([
      "voucher: the configuration says dryrun: nothing is attested, and no event counts as done",
      "voucher: line 41: the document is not JSON",
      "",
    ]);
    expect(stdout).toContain("│ something was deleted or untagged │     40 │");
    expect(`${stdout}${stderr}`).not.toContain("\u001b");
  });

  it("reads standard input, and with -q says no more than the answer and what went wrong", async () => {
    const command = `${process.execPath} ${bundled("voucher.mjs")} replay --file - -q --json < events.jsonl`;
    const { code, stdout, stderr } = await run("sh", ["-c", command], { cwd: folder, env: { HOME: folder } });

    expect({ code, stderr }).toEqual({ code: 3, stderr: "voucher: line 41: the document is not JSON\n" });
    expect(JSON.parse(stdout)).toEqual({
      seen: 41,
      matched: 41,
      done: 40,
      approved: 0,
      rejected: 0,
      pending: 0,
      failed: 1,
      ignored: 40,
      resumed: 0,
    });
  });
});
