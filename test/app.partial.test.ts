import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp, generatePkixKey, type Verdict } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage, sampleIndex } from "../lib/local/samples.ts";
import { type Stack, startStack } from "../lib/local/stack.ts";
import { recordingObserver } from "./support/fake-ports.ts";

const CHECKS = ["diy", "nobody"];
const ARCHITECTURES = "amd64 arm64 arm/v5 arm/v6 arm/v7 386 ppc64le s390x riscv64 mips64le loong64".split(
  " ",
);
const INDEX = sampleIndex({
  images: ARCHITECTURES.map((name) => sampleImage({ platform: `linux/${name}`, user: "10001" })),
});
/** Eleven platforms and their index, two checks. */
const PLACES = CHECKS.flatMap((check) => INDEX.manifests.map(({ digest }) => `${check} ${digest}`));

let stack: Stack;
let folder: string;
/** What nobody may write just now, as `check digest`, and how many attestations were sent. */
let denied: ReadonlySet<string> = new Set();
let sent = 0;

beforeAll(async () => {
  stack = await startStack({
    project: "prod",
    checks: CHECKS,
    grafeas: {
      before: ({ method, body }) => {
        if (method !== "POST") return undefined;
        const document = JSON.parse(String(body));
        const all: readonly { noteName: string; resourceUri: string }[] = document.occurrences ?? [document];
        sent += all.length;
        return all.some((one) => denied.has(placeOf(one))) ? DENIED : undefined;
      },
    },
  });
  folder = await mkdtemp(join(tmpdir(), "voucher-partial-"));
  for (const check of CHECKS)
    await writeFile(join(folder, `${check}.pem`), (await generatePkixKey()).privateKey);
  await pushSample(INDEX, { url: stack.registry.url, repository: "team/app", tag: "v1" });
});

afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

const DENIED = { status: 403, body: '{"error":{"status":"PERMISSION_DENIED"}}' };

function placeOf({ noteName, resourceUri }: { noteName: string; resourceUri: string }): string {
  return `${noteName.split("/").at(-1)} ${resourceUri.split("@")[1]}`;
}

const attested = () => stack.grafeas.occurrences().map(placeOf).toSorted();

async function withdrawAll(): Promise<void> {
  for (const { name } of stack.grafeas.occurrences())
    await fetch(`${stack.grafeas.url}/v1/${name}`, { method: "DELETE" });
}

/** An instance of the worker, and how it answers the index's event. */
async function startWorker() {
  const file = join(folder, "voucher.json");
  const config = {
    valid_repos: [stack.registry.host],
    binauth_project: "prod",
    containeranalysis: { endpoint: stack.grafeas.url },
    signer: "pkix",
    pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
    checks: { diy: true, nobody: true },
  };
  await writeFile(file, JSON.stringify(config));
  const loaded = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  const observer = recordingObserver();
  const app = await createApp(loaded.config, { observer, env: {} });
  return async () => {
    const event = { action: "INSERT", digest: `${stack.registry.host}/team/app@${INDEX.root.digest}` };
    const data = Buffer.from(JSON.stringify(event)).toString("base64");
    const body = Buffer.from(JSON.stringify({ message: { data, messageId: "1" }, subscription: "s" }));
    const { status } = await app.deliver({ headers: {}, body });
    const verdict = observer.entries.findLast(({ fields }) => "verdict" in fields)?.fields["verdict"];
    return { status, owed: owedBy(verdict as Verdict) };
  };
}

/** What a verdict says is not attested, as `check digest`. */
function owedBy({ image, results, platforms }: Verdict): readonly string[] {
  const itself = { digest: image.split("@")[1] ?? "", results };
  return [...platforms, itself]
    .flatMap(({ digest, results: of }) =>
      of.filter(({ attested }) => !attested).map(({ name }) => `${name} ${digest}`),
    )
    .toSorted();
}

describe("an event that owes 24 attestations, of which any part cannot be stored", () => {
  it("comes back and says which it owes; redelivered, to another instance even, it makes those and no others", async () => {
    const first = await startWorker();
    const second = await startWorker();
    await fc.assert(
      fc.asyncProperty(fc.subarray(PLACES, { minLength: 1 }), async (failing) => {
        await withdrawAll();
        denied = new Set(failing);
        expect(await first()).toEqual({ status: 503, owed: failing.toSorted() });
        expect(attested()).toEqual(PLACES.filter((place) => !denied.has(place)).toSorted());
        const before = stack.grafeas.occurrences();

        denied = new Set();
        sent = 0;
        expect(await second()).toEqual({ status: 204, owed: [] });
        expect(sent).toBe(failing.length);
        expect(attested()).toEqual(PLACES.toSorted());
        expect(stack.grafeas.occurrences().slice(0, before.length)).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });
});
