import { verify } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { type Distribution, startDistribution } from "../support/distribution.ts";
import { startProcess } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import type { Random } from "../support/random.ts";
import { type FaultyServer, startFaulty } from "./faults.ts";

export const CHECKS = ["diy", "nobody"] as const;
const PROJECT = "attestors";
/** Few, so that a storm of seconds ends in dead letters. Pub/Sub itself gives up at the fifth. */
const MOST_ATTEMPTS = 2;

/** A Grafeas in a process of its own, asked for all that it holds. */
export interface Ledger {
  readonly url: string;
  /** `check digest` of every attestation that its key's signature counts for, sorted; what is there twice stands here twice. */
  attested(): Promise<readonly string[]>;
}

/** The services around Voucher, each a process of its own, and what stands before two of them. */
export interface World {
  readonly registry: Distribution;
  readonly faultyRegistry: FaultyServer;
  readonly faultyGrafeas: FaultyServer;
  readonly pubsub: PubSubEmulator;
  /** What is attested while things go wrong. */
  readonly stormy: Ledger;
  /** What is attested when nothing does. */
  readonly calm: Ledger;
  /** A configuration that asks the servers to which things happen. */
  readonly stormyConfig: string;
  readonly calmConfig: string;
  close(): Promise<void>;
}

/** Starts everything but Voucher. `share` is that of requests to which something happens. */
export async function openWorld(random: Random, share: number): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-crashes-"));
  const publicKeys = new Map<string, string>();
  for (const check of CHECKS) {
    const { privateKey, publicKey } = await generatePkixKey();
    await writeFile(join(folder, `${check}.pem`), privateKey, { mode: 0o600 });
    publicKeys.set(check, publicKey);
  }
  const registry = await startDistribution();
  const [stormy, calm] = await Promise.all([startLedger(publicKeys), startLedger(publicKeys)]);
  const faultyRegistry = await startFaulty({ to: registry.url, random, share });
  const faultyGrafeas = await startFaulty({ to: stormy.url, random, share });
  const pubsub = await startPubSubEmulator();
  await pubsub.createTopic("dead-letters");
  await pubsub.createPullSubscription("kept-dead-letters", "dead-letters");
  const configure = async (name: string, host: string, grafeas: string) => {
    const file = join(folder, `${name}.json`);
    await writeFile(
      file,
      JSON.stringify({
        signer: "pkix",
        binauth_project: PROJECT,
        valid_repos: [host],
        containeranalysis: { endpoint: grafeas },
        checks: { diy: true, nobody: true },
        pkix_keys: CHECKS.map((check) => ({ check, path: `${check}.pem` })),
        events: { dead_letter_topic: pubsub.topicName("dead-letters"), max_attempts: MOST_ATTEMPTS },
      }),
    );
    return file;
  };
  return {
    registry,
    faultyRegistry,
    faultyGrafeas,
    pubsub,
    stormy,
    calm,
    stormyConfig: await configure("stormy", faultyRegistry.host, faultyGrafeas.url),
    calmConfig: await configure("calm", registry.host, calm.url),
    async close() {
      await Promise.all([faultyRegistry.close(), faultyGrafeas.close()]);
      await Promise.all([pubsub.close(), registry.close(), stormy.close(), calm.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const OccurrencesSchema = z.array(
  z.object({
    noteName: z.string(),
    resourceUri: z.string(),
    attestation: z.object({
      serializedPayload: z.string(),
      signatures: z.array(z.object({ signature: z.string() })),
    }),
  }),
);

async function startLedger(
  publicKeys: ReadonlyMap<string, string>,
): Promise<Ledger & { close(): Promise<void> }> {
  const script = fileURLToPath(new URL("./grafeas-process.ts", import.meta.url));
  const notes = CHECKS.map((check) => `projects/${PROJECT}/notes/${check}`);
  const server = await startProcess(process.execPath, [script, ...notes], { ready: /serves at (\S+)/ });
  const url = server.ready?.[1] ?? "";
  return {
    url,
    close: server.close,
    async attested() {
      const response = await fetch(`${url}/everything`);
      return OccurrencesSchema.parse(await response.json())
        .flatMap(({ noteName, resourceUri, attestation }) => {
          const check = noteName.slice(noteName.lastIndexOf("/") + 1);
          const payload = Buffer.from(attestation.serializedPayload, "base64");
          const counts = attestation.signatures.some(({ signature }) =>
            verify("sha256", payload, publicKeys.get(check) ?? "", Buffer.from(signature, "base64")),
          );
          return counts ? [`${check} ${resourceUri.slice(resourceUri.indexOf("@") + 1)}`] : [];
        })
        .sort();
    },
  };
}
