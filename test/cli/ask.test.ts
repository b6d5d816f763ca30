import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { askWhether } from "../../lib/cli/ask.ts";
import { VoucherError } from "../../lib/errors.ts";

/** Asks with `typed` on the keyboard; where it is `undefined`, nobody types anything. */
function ask(typed: string | undefined, signal = new AbortController().signal) {
  const input = new PassThrough();
  const output = new PassThrough();
  const answer = askWhether("Go on?", { input, output, signal });
  if (typed !== undefined) input.end(typed);
  return { answer, output };
}

describe("a question", () => {
  it.each(["y\n", "Y\n", "yes\n", " YES \n"])("is agreed to with %j", async (typed) => {
    expect(await ask(typed).answer).toBe(true);
  });

  it.each(["\n", "n\n", "no\n", "yesno\n", "j\n", ""])("is not agreed to with %j", async (typed) => {
    expect(await ask(typed).answer).toBe(false);
  });

  it("says what the answer is if there is none", async () => {
    const { answer, output } = ask("\n");
    await answer;
    output.end();
    expect(await text(output)).toContain("Go on? (y/N) ");
  });

  it("waits no longer than its command", async () => {
    const command = new AbortController();
    const { answer } = ask(undefined, command.signal);
    const interrupted = new VoucherError("cancelled", "interrupted");
    command.abort(interrupted);
    await expect(answer).rejects.toBe(interrupted);
  });
});
