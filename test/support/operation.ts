import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import type { Sample } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { bundled } from "./bundled.ts";
import { startCountedDeliveries } from "./counted-deliveries.ts";
import { type Distribution, startDistribution } from "./distribution.ts";
import { type FunctionProcess, startFunction } from "./function-process.ts";
import { pushEvent, startNotifications } from "./notifications.ts";
import { type Front, frontOf } from "./outage.ts";
import { type RunResult, run } from "./processes.ts";
import type { PubSubEmulator, PubSubProject } from "./pubsub-emulator.ts";
import { skopeoPush } from "./skopeo.ts";

/** Voucher as the Terraform module deploys it, by the same names, and an operator's shell. */
export interface Operation {
  /** Where the operator works. */
  readonly folder: string;
  readonly project: string;
  readonly pubsub: PubSubProject;
  readonly registry: Distribution;
  /** In front of the registry: by its address images are named. */
  readonly front: Front;
  readonly grafeas: LocalGrafeas;
  /** How many messages were dead-lettered so far. */
  deadLettered(): Promise<number>;
  /** Every entry that the functions logged so far. */
  entries(): readonly LogEntry[];
  /**
   * Starts both functions anew, with `settings` over those before; makes the keys and notes that they need. Throws what they
   * said, where they do not start: then none is running.
   */
  deploy(settings: Settings): Promise<void>;
  /** Ends both functions. */
  stop(): Promise<void>;
  /** Makes another key for a check; the next deployment signs with it. */
  rotate(check: string): Promise<void>;
  /** Pushes an image or index, and returns its name by digest. */
  push(sample: Sample, repository: string, tag: string): Promise<string>;
  /** Announces a push again. */
  announce(image: string): Promise<void>;
  /** Takes every attestation away, and has the functions forget what they read. */
  forget(): Promise<void>;
  /** Runs a script as the operator, whose configuration is that of the functions. */
  shell(script: string, env?: { readonly [name: string]: string }): Promise<RunResult>;
  close(): Promise<void>;
}

export interface Settings {
  readonly checks?: { readonly [check: string]: unknown };
  readonly signer?: string;
  readonly [setting: string]: unknown;
}

export interface LogEntry {
  readonly severity: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

const LONGEST_COMMAND_MS = 60_000;
/** Fewer than the five after which the emulator gives up by itself. */
const MAX_ATTEMPTS = 3;
const DEAD_LETTERS = "voucher-dead-letters";
/** A second subscription to the dead letters, so that those of the operator need not be touched. */
const WITNESS = "witness";
const OCCURRENCES = "container-analysis-occurrences-v1";

/** Opens `project` on the emulator, and deploys Voucher there. */
export async function openOperation(
  emulator: PubSubEmulator,
  project: string,
  settings: Settings,
): Promise<Operation> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-operation-"));
  const pubsub = emulator.inProject(project);
  for (const topic of ["gcr", "voucher-waiting", DEAD_LETTERS, OCCURRENCES]) await pubsub.createTopic(topic);
  const announce = (event: object) => pubsub.publish("gcr", JSON.stringify(event));
  const notifications = await startNotifications(announce);
  const registry = await startDistribution({ notify: notifications.url });
  const front = await frontOf(registry.host);
  const grafeas = await startGrafeas();
  const file = join(folder, "config.json");
  const env = {
    PUBSUB_EMULATOR_HOST: pubsub.host,
    METADATA_SERVER_DETECTION: "none",
    GOOGLE_CLOUD_PROJECT: project,
  };
  const shell = await shellIn(folder, { ...env, VOUCHER_CONFIG: file });
  const started: FunctionProcess[] = [];
  let running: { readonly [target: string]: FunctionProcess } = {};
  const toPush = await startCountedDeliveries(() => running["onPush"]?.url);
  const toOccurrence = await startCountedDeliveries(() => running["onOccurrence"]?.url);
  const subscribe = (name: string, topic: string, { url: endpoint }: { readonly url: string }) =>
    pubsub.createPushSubscription(name, { topic, endpoint, deadLetterTopic: DEAD_LETTERS });
  await subscribe("voucher-push", "gcr", toPush);
  await subscribe("voucher-waiting", "voucher-waiting", toPush);
  await subscribe("voucher-occurrences", OCCURRENCES, toOccurrence);
  await pubsub.createPullSubscription(DEAD_LETTERS, DEAD_LETTERS);
  await pubsub.createPullSubscription(WITNESS, DEAD_LETTERS);

  const keys = new Map<string, string>();
  let made = 0;
  let witnessed = 0;
  let current: Settings = {
    signer: "pkix",
    binauth_project: project,
    image_project: project,
    valid_repos: [`${front.host}/images`],
    containeranalysis: { endpoint: grafeas.url },
    events: {
      waiting_topic: "voucher-waiting",
      dead_letter_topic: DEAD_LETTERS,
      max_attempts: MAX_ATTEMPTS,
    },
  };

  async function makeKey(check: string): Promise<void> {
    made += 1;
    const path = `${check}-${made}.pem`;
    await writeFile(join(folder, path), (await generatePkixKey()).privateKey, { mode: 0o600 });
    keys.set(check, path);
  }

  async function stop(): Promise<void> {
    const before = Object.values(running);
    running = {};
    await Promise.all(before.map((one) => one.close()));
  }

  async function start(target: string): Promise<FunctionProcess> {
    const one = await startFunction(file, env, target);
    started.push(one);
    return one;
  }

  async function deploy(changed: Settings): Promise<void> {
    current = { ...current, ...changed };
    const checks = Object.keys(current.checks ?? {});
    for (const check of checks) if (!keys.has(check)) await makeKey(check);
    const pkix_keys = [...keys].map(([check, path]) => ({ check, path }));
    await writeFile(
      file,
      JSON.stringify({ ...(current.signer === "pkix" ? { pkix_keys } : {}), ...current }),
    );
    await stop();
    running = { onPush: await start("onPush"), onOccurrence: await start("onOccurrence") };
    await shell("voucher notes create");
  }

  await deploy(settings);
  return {
    folder,
    project,
    pubsub,
    registry,
    front,
    grafeas,
    async deadLettered() {
      witnessed += (await pubsub.pull(WITNESS)).length;
      return witnessed;
    },
    entries: () => started.flatMap(({ process: { lines } }) => lines.flatMap(entryIn)),
    deploy,
    stop,
    rotate: makeKey,
    async push(sample, repository, tag) {
      const name = `${front.host}/images/${repository}`;
      await skopeoPush(sample, `${name}:${tag}`);
      return `${name}@${sample.root.digest}`;
    },
    async announce(image) {
      const [name = "", digest = ""] = image.split("@");
      await announce(pushEvent(name, digest));
    },
    async forget() {
      for (const { name } of grafeas.occurrences())
        await fetch(`${grafeas.url}/v1/${name}`, { method: "DELETE" });
      await deploy({});
    },
    shell,
    async close() {
      await stop();
      const servers = [front, grafeas, notifications, toPush, toOccurrence, registry];
      await Promise.all(servers.map((one) => one.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A shell in `folder` where `voucher` is the bundled one. */
async function shellIn(
  folder: string,
  env: { readonly [name: string]: string },
): Promise<Operation["shell"]> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  const script = `#!/bin/sh\nexec "${process.execPath}" "${bundled("voucher.mjs")}" "$@"\n`;
  await writeFile(join(bin, "voucher"), script, { mode: 0o755 });
  const own = { HOME: folder, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  return (command, more = {}) =>
    run("bash", ["-o", "pipefail", "-c", command], {
      cwd: folder,
      timeout: LONGEST_COMMAND_MS,
      env: { ...env, ...own, ...more },
    });
}

function entryIn(line: string): readonly LogEntry[] {
  return line.startsWith("{") ? [JSON.parse(line)] : [];
}
