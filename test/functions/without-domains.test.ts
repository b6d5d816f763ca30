import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Prints whether Node gave a promise an id of its own while a request was answered, as it does once it follows them. */
const PROGRAM = `
  import { executionAsyncId } from "node:async_hooks";
  import { once } from "node:events";
  import { http } from "@google-cloud/functions-framework";
  import { getTestServer } from "@google-cloud/functions-framework/testing";
  import { withoutDomains } from "./functions/without-domains.ts";
  if (process.argv.includes("without")) withoutDomains();
  http("probe", async (_, response) => {
    await undefined;
    const before = executionAsyncId();
    await undefined;
    response.end(String(executionAsyncId() !== before));
  });
  const server = getTestServer("probe").listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(\`http://127.0.0.1:\${server.address().port}\`);
  process.stdout.write(await response.text());
  process.exit(0);
`;

async function followsPromises(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", PROGRAM, "--", ...args],
    { cwd: fileURLToPath(new URL("../..", import.meta.url)), timeout: 20_000 },
  );
  return stdout;
}

it("a request that the framework passes on has Node follow no promise, which it else would", async () => {
  expect(await followsPromises("without")).toBe("false");
  expect(await followsPromises()).toBe("true");
});
