import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { type Sample, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";
import { EJSON_DOCUMENT, EJSON_KEY } from "../config/secrets/ejson-sample.ts";
import { bundled } from "../support/bundled.ts";
import { type FakeKms, startKms } from "../support/kms.ts";
import { pushEvent } from "../support/notifications.ts";
import { type Block, blocksOf, shown } from "../support/page.ts";
import { freePort, run, startProcess, type TestProcess } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { type FakeSecretManager, startSecretManager } from "../support/secret-manager.ts";
import { describeWith } from "../support/tools.ts";

const BLOCKS = await blocksOf(new URL("../../docs/migration.md", import.meta.url));
const PROJECT = "our-project";
const CHECKS = ["diy", "nobody", "provenance", "snakeoil"];
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
const PLATFORMS = ["linux/amd64", "linux/arm64"];

const image = (platform: string, user?: string) =>
  sampleImage({ platform, ...(user === undefined ? {} : { user }) });
const APP = sampleIndex({ images: PLATFORMS.map((platform) => image(platform, "10001")) });
const LEGACY = sampleIndex({ images: [image("linux/amd64", "10001"), image("linux/arm64")] });

/** The page's commands run as they stand, but for the addresses: everything that they name is on this machine. */
describeWith(["curl", "pubsub-emulator"], "docs/migration.md", () => {
  let folder: string;
  let stack: Stack;
  let kms: FakeKms;
  let secrets: FakeSecretManager;
  let pubsub: PubSubEmulator;
  let addresses: readonly (readonly [page: string, here: string])[];
  const running: TestProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-migration-"));
    const port = await freePort();
    [stack, kms, secrets, pubsub] = await Promise.all([
      startStack({ project: PROJECT, checks: CHECKS }),
      startKms(),
      startSecretManager({
        [`projects/${PROJECT}/secrets/voucher-diy/versions/latest`]: "an armored key",
        [`projects/${PROJECT}/secrets/github-token/versions/2`]: "a token",
      }),
      startPubSubEmulator(PROJECT),
    ]);
    addresses = [
      ["/etc/voucher", join(folder, "etc")],
      ["~/", join(folder, "home/")],
      [`gcr.io/${PROJECT}`, `${stack.registry.host}/${PROJECT}`],
      ["localhost:8000", `localhost:${port}`],
      ["--port=8000", `--port=${port}`],
    ];
    const keys = `projects/${PROJECT}/locations/global/keyRings/voucher/cryptoKeys`;
    for (const check of CHECKS) kms.add(`${keys}/${check}/cryptoKeyVersions/1`, "EC_SIGN_P256_SHA256");
    await writeCommands();
    await write("etc/secrets.production.ejson", JSON.stringify(EJSON_DOCUMENT));
    await write(`etc/key/${EJSON_KEY.public}`, EJSON_KEY.private);
    await push(APP, "app");
    await push(LEGACY, "legacy");
    await pubsub.createTopic("gcr");
    await pubsub.createPullSubscription("voucher", "gcr");
  });

  afterAll(async () => {
    await Promise.all(running.map((one) => one.close()));
    await Promise.all([stack?.close(), kms?.close(), secrets?.close(), pubsub?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function write(name: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text, { mode });
  }

  /** The bundle as whoever built it has it: in the checkout's `dist/`, its commands on the PATH. */
  async function writeCommands(): Promise<void> {
    await cp(dirname(dirname(bundled("voucher.mjs"))), join(folder, "checkout"), {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const [name, entry] of [
      ["voucher", "voucher.mjs"],
      ["voucher_client", "voucher-client.mjs"],
    ] as const)
      await write(`bin/${name}`, `#!/bin/sh\nexec "${process.execPath}" "${bundled(entry)}" "$@"\n`, 0o755);
  }

  /** Pushes an image that was scanned and built by whom the page trusts. */
  async function push(sample: Sample, name: string): Promise<void> {
    const { registry, grafeas } = stack;
    await pushSample(sample, { url: registry.url, repository: `${PROJECT}/${name}`, tag: "v1" });
    for (const { digest } of sample.manifests) {
      const resourceUri = `https://${registry.host}/${PROJECT}/${name}@${digest}`;
      const discovery = { analysisStatus: "FINISHED_SUCCESS", continuousAnalysis: "ACTIVE" };
      grafeas.seed(PROJECT, { noteName: SCANS, resourceUri, discovery });
      const provenance = {
        projectId: PROJECT,
        creator: "builder@example.com",
        builtArtifacts: [{ id: resourceUri, checksum: digest }],
      };
      grafeas.seed(PROJECT, {
        noteName: `projects/${PROJECT}/notes/build`,
        resourceUri,
        build: { provenance },
      });
    }
  }

  function here(text: string): string {
    return addresses.reduce((all, [page, local]) => all.replaceAll(page, local), text);
  }

  function asOnThePage(text: string): string {
    return addresses.reduceRight((all, [page, local]) => all.replaceAll(local, page), text);
  }

  /** A configuration of the page, with the addresses of what stands in for Google. */
  function withEndpoints(config: string): string {
    const asked = config.replace("[secrets]\n", `[secrets]\nendpoint = "${secrets.url}"\n`);
    const endpoint = (service: string, url: string) => `[${service}]\nendpoint = "${url}"\n`;
    const services = endpoint("containeranalysis", stack.grafeas.url) + endpoint("kms", kms.url);
    return `image_project = "${PROJECT}"\n${asked}\n${services}`;
  }

  function surroundings() {
    return {
      cwd: join(folder, "checkout"),
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: join(folder, "home"),
        PUBSUB_EMULATOR_HOST: pubsub.host,
        METADATA_SERVER_DETECTION: "none",
      },
    };
  }

  async function start(command: string): Promise<void> {
    const isServer = command.includes("--target=api");
    const ready = isServer ? {} : { ready: /"message":"pulling"/ };
    const started = await startProcess("bash", ["-c", command], { ...surroundings(), ...ready });
    running.push(started);
    if (!isServer) return;
    const ping = here("http://localhost:8000/services/ping");
    await vi.waitFor(async () => expect((await fetch(ping)).status).toBe(200), 10_000);
  }

  async function play({ language, note, text, prints }: Block): Promise<void> {
    if (language !== "sh") {
      const isConfig = language === "toml";
      await write(here(note).slice(folder.length), isConfig ? withEndpoints(here(text)) : here(text));
      return;
    }
    if (note === "keeps running") return start(here(text).trim());
    const { code, stdout, stderr } = await run(
      "bash",
      ["-euo", "pipefail", "-c", here(text)],
      surroundings(),
    );
    const output = asOnThePage(`${stdout}\n${stderr}`);
    expect(code, output).toBe(Number(/^exits with (\d+)$/.exec(note)?.[1] ?? 0));
    if (prints !== undefined) expect(output).toMatch(shown(prints));
  }

  const titleOf = ({ language, note, text }: Block) => (language === "sh" ? text.split("\n")[0] : note);

  it.each(BLOCKS.map((block) => [titleOf(block), block] as const))("%s", (_, block) => play(block));

  it("has attested by then what it says is approved, and nothing of what it says is rejected", () => {
    const attested = stack.grafeas.occurrences().filter(({ kind }) => kind === "ATTESTATION");
    const of = (sample: Sample) =>
      attested.filter(({ resourceUri }) => resourceUri.endsWith(sample.root.digest)).length;
    expect(of(APP)).toBe(4);
    expect(of(LEGACY)).toBe(3);
  });

  it("has a subscriber that attests what it is told of", async () => {
    const fresh = sampleIndex({ images: PLATFORMS.map((platform) => image(platform, "10002")) });
    await push(fresh, "app");
    const event = pushEvent(`${stack.registry.host}/${PROJECT}/app`, fresh.root.digest, "v2");

    await pubsub.publish("gcr", JSON.stringify(event));

    await vi.waitFor(() => {
      const stored = stack.grafeas.occurrences().filter(({ kind }) => kind === "ATTESTATION");
      expect(stored.filter(({ resourceUri }) => resourceUri.endsWith(fresh.root.digest))).toHaveLength(4);
    }, 20_000);
  });
});
