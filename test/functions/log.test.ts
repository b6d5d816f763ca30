import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = `
  const { logOf } = await import("./functions/log.ts");
  const log = logOf(JSON.parse(process.argv[1]), process.argv[2] === "terminal");
  log.record("INFO", "by the way", {});
  log.record("ERROR", "it failed", { reason: "no key" });
`;

/** What a function writes to stdout in such an environment. */
async function written(env: object, where: "pipe" | "terminal"): Promise<readonly string[]> {
  const args = ["--input-type=module", "-e", PROGRAM, JSON.stringify(env), where];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 20_000 });
  return stdout.trimEnd().split("\n");
}

it("a function logs in JSON, from the level that its environment says, under the names that Cloud Run gives it", async () => {
  const env = { VOUCHER_LOG_LEVEL: "warning", K_SERVICE: "voucher-push", K_REVISION: "voucher-push-7" };
  const lines = await written(env, "pipe");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      severity: "ERROR",
      message: "it failed",
      reason: "no key",
      serviceContext: { service: "voucher-push", version: "voucher-push-7" },
    },
  ]);
});

it("a function logs in words at a terminal, and everything from INFO on where nothing else is said", async () => {
  const lines = await written({}, "terminal");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/ ERROR {3}it failed reason="no key"$/);
});
