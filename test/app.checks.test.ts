import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { createApp, generatePkixKey } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { parseReference } from "../lib/image/reference.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage, sampleIndex } from "../lib/local/samples.ts";
import { startStack } from "../lib/local/stack.ts";
import { fakeGitHub } from "./support/github.ts";

const HEAD = "a".repeat(40);
const CHECKS = ["diy", "nobody", "snakeoil", "provenance", "approved", "is_acme", "numeric_user"];
const EXAMPLE = fileURLToPath(new URL("../examples/custom-check/numeric-user.js", import.meta.url));

const EIGHT = ["amd64", "arm64", "arm/v7", "arm/v6", "386", "ppc64le", "s390x", "riscv64"].map(
  (architecture) => sampleImage({ platform: `linux/${architecture}`, user: "10001" }),
);
const INDEX = sampleIndex({ images: EIGHT });

/** A registry with the index, its build record and its scans, GitHub with the commit, and an application that judges it all. */
async function everything() {
  const folder = await mkdtemp(join(tmpdir(), "voucher-checks-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const filters: string[] = [];
  const stack = await startStack({
    project: "prod",
    checks: CHECKS,
    grafeas: { before: ({ query }) => void filters.push(query.get("filter") ?? "") },
  });
  onTestFinished(() => stack.close());
  const github = await fakeGitHub({
    repositories: [
      {
        name: "acme/app",
        head: HEAD,
        commits: {
          [HEAD]: {
            signature: "VALID",
            contexts: [{ run: "build", conclusion: "SUCCESS" }],
            pullRequests: [
              {
                number: 7,
                mergedBy: HEAD,
                author: "ann",
                reviews: [{ by: "bob", state: "APPROVED", canPush: true }],
              },
            ],
          },
        },
      },
    ],
  });
  onTestFinished(() => github.close());
  const { registry, grafeas } = stack;
  const name = `${registry.host}/team/app`;
  await pushSample(INDEX, { url: registry.url, repository: "team/app", tag: "v1" });
  seedEvidence(stack, name);

  for (const check of CHECKS)
    await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
  const file = join(folder, "voucher.json");
  const config = {
    signer: "pkix",
    pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    binauth_project: "prod",
    image_project: "prod",
    valid_repos: [`${registry.host}/team`],
    failon: "high",
    trusted_builder_identities: ["builder@example.com"],
    trusted_projects: ["builds"],
    containeranalysis: { endpoint: grafeas.url },
    github: { endpoint: github.endpoint },
    repository: { acme: { "org-url": "https://github.com/acme" } },
    checks: {
      ...Object.fromEntries(CHECKS.map((check) => [check, true])),
      numeric_user: { module: EXAMPLE, options: { least: 1000 } },
    },
  };
  await writeFile(file, JSON.stringify(config));
  const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const app = await createApp(loaded.config, { observer: { record: () => {} }, env: {} });
  return { app, stack, github, filters, image: parseReference(`${name}:v1`) };
}

/** One build record for the index, and a scan of each platform that found something small. */
function seedEvidence({ grafeas }: Awaited<ReturnType<typeof startStack>>, name: string): void {
  const uri = (digest: string) => `https://${name}@${digest}`;
  const provenance = {
    projectId: "builds",
    creator: "builder@example.com",
    builtArtifacts: [{ checksum: INDEX.root.digest, id: uri(INDEX.root.digest) }],
    sourceProvenance: { context: { git: { url: "https://github.com/acme/app", revisionId: HEAD } } },
  };
  grafeas.seed("prod", {
    noteName: "projects/b/notes/build",
    resourceUri: uri(INDEX.root.digest),
    build: { provenance },
  });
  for (const { root } of EIGHT) {
    const resourceUri = uri(root.digest);
    grafeas.seed("prod", {
      noteName: "projects/goog-analysis/notes/PACKAGE_VULNERABILITY",
      resourceUri,
      discovery: { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" },
    });
    grafeas.seed("prod", {
      noteName: "projects/goog-vulnz/notes/CVE-2026-1",
      resourceUri,
      vulnerability: { packageIssue: [{ affectedPackage: "zlib", effectiveSeverity: "LOW" }] },
    });
  }
}

it("attests eight platforms and their index for every check, each fact asked for once", async () => {
  const { app, stack, github, filters, image } = await everything();
  stack.registry.traffic.reset();
  stack.grafeas.traffic.reset();

  const verdict = await app.check(image, app.checksNamed(["all"]), "run", AbortSignal.timeout(20_000));

  expect(verdict.results.filter(({ status }) => status !== "pass")).toEqual([]);
  expect(verdict).toMatchObject({ success: true, attested: true });
  expect(verdict.platforms).toHaveLength(8);
  expect(stack.registry.traffic.count()).toBe(17);
  expect(github.requests).toHaveLength(1);
  const kinds = ["ATTESTATION", "BUILD", "DISCOVERY", "VULNERABILITY"];
  const asked = (kind: string) => filters.filter((filter) => filter.includes(`kind="${kind}"`)).length;
  expect(kinds.map(asked)).toEqual([2, 2, 2, 8]);
  expect(stack.grafeas.traffic.count({ kind: "batch" })).toBe(1);
});
