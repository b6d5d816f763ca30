import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Prints what Node was asked to load, before and after the first commit is asked for. */
const PROGRAM = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({
    resolve(specifier, context, next) {
      loaded.push(specifier);
      return next(specifier, context);
    },
  });
  const { createCommitSource } = await import("./lib/evidence/github.ts");
  const { parseGitHubEndpoint } = await import("./lib/evidence/github-endpoint.ts");
  const endpoint = parseGitHubEndpoint("http://127.0.0.1:9/graphql");
  const source = createCommitSource({ endpoint, signInFor: () => undefined, backOff: 1 });
  const heavy = () => loaded.filter((name) => /octokit|undici/.test(name));
  const before = heavy();
  await source({ url: "https://github.com/a/b", revision: "a".repeat(40) }, AbortSignal.timeout(10000)).catch(() => {});
  await source.close();
  console.log(JSON.stringify({ before, after: heavy() }));
`;

it("octokit and undici are loaded by the first question, not at the start, and the parts for apps not even then", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PROGRAM], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    timeout: 20_000,
  });
  const { before, after }: { before: string[]; after: string[] } = JSON.parse(stdout);
  expect(before).toEqual([]);
  expect(after).toEqual(expect.arrayContaining(["@octokit/graphql", "undici"]));
  expect(after).not.toContain("@octokit/auth-app");
});
