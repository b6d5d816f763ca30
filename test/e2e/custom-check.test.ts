import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import type { Verdict } from "../../lib/review/verdict.ts";
import { sentences, voucher } from "../support/cli.ts";

/** In TypeScript, with options, and with platforms that it leaves out. */
const REGION = `
interface Options { readonly allowed: readonly string[] }
export function check({ allowed }: Options) {
  return {
    description: "The image's repository is of an allowed region.",
    covers: ({ architecture }: { architecture: string }) => architecture !== "s390x",
    async judge({ image }: { image: { reference: { repository: string } } }) {
      const [region = ""] = image.reference.repository.split("/");
      return allowed.includes(region)
        ? { status: "pass" }
        : { status: "fail", reason: \`\${region}\\u001b[2J is not allowed\\nbut everything else is\` };
    },
  };
}
`;
const MODULES = {
  "region.ts": REGION,
  "broken.js": `export const check = { description: "Never passes.", judge() { throw new Error("no idea"); } };`,
  "nonsense.js": `export const check = { description: "Never passes.", judge: async () => true };`,
};

describe("checks of one's own, from the configuration to the verdict", () => {
  let folder: string;
  let registry: LocalRegistry;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-own-checks-"));
    registry = await startRegistry();
    const images = ["linux/amd64", "linux/s390x"].map((platform) => sampleImage({ platform, user: "10001" }));
    await pushSample(sampleIndex({ images }), { url: registry.url, repository: "eu/app", tag: "v1" });
    for (const [name, source] of Object.entries(MODULES)) await writeFile(join(folder, name), source);
  });

  afterAll(async () => {
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function check(allowed: readonly string[]) {
    const checks = {
      nobody: true,
      region: { module: "./region.ts", options: { allowed } },
      broken: { module: "./broken.js" },
      nonsense: { module: "./nonsense.js" },
    };
    const config = join(folder, "voucher.json");
    await writeFile(config, JSON.stringify({ checks }));
    const args = ["check", `${registry.host}/eu/app:v1`, "--dry-run", "--json", "-c", config];
    const result = await voucher(args, { cwd: folder });
    const verdict: Verdict = JSON.parse(result.stdout);
    return { result, verdict, of: (name: string) => verdict.results.find((one) => one.name === name) };
  }

  it("are judged beside the others, and one that is broken harms itself alone", async () => {
    const { result, verdict, of } = await check(["eu"]);
    expect([of("nobody")?.status, of("region")?.status]).toEqual(["pass", "pass"]);
    expect(of("broken")).toMatchObject({
      status: "error",
      error: "linux/amd64, linux/s390x: the check broken is broken: no idea",
    });
    expect(of("nonsense")?.error).toContain("the check nonsense is broken: its answer is no object");
    expect(verdict.unscanned).toEqual(["linux/s390x"]);
    expect(result.code).toBe(3);
  });

  it("are told their options, and what they say stays on its line", async () => {
    const { result, of } = await check(["us"]);
    expect(of("region")).toMatchObject({
      status: "fail",
      error: "linux/amd64: eu [2J is not allowed but everything else is",
    });
    expect(sentences(result)).toHaveLength(3);
    expect(result.code).toBe(1);
  });
});
