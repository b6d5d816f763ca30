import { createPublicKey, verify } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generatePkixKey, type KeyPair, type Verdict } from "../app.ts";
import { VoucherError } from "../errors.ts";
import { pushSample } from "../local/push.ts";
import { demoImage } from "../local/samples.ts";
import { type Stack, startStack } from "../local/stack.ts";
import { type FunctionProcess, startFunction } from "./function-process.ts";
import { matrix } from "./matrix.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/**
 * The main job on the embedded stack: a sample image is pushed, the registry's events reach the function `onPush` in its
 * own process, and what it attested is verified by nothing but `crypto.verify`.
 */

const CHECKS = ["diy", "nobody"];
const PROJECT = "demo";
const REPOSITORY = "team/app";
const TAG = "v1";

const terminal = processTerminal();
const asJson = process.argv.includes("--json");
const folder = await mkdtemp(join(tmpdir(), "voucher-demo-"));
const stack = await startStack({ project: PROJECT, checks: CHECKS });
let worker: FunctionProcess | undefined;
try {
  const keys = new Map<string, KeyPair>();
  for (const check of CHECKS) keys.set(check, await generatePkixKey());
  worker = await startFunction({
    target: "onPush",
    env: { VOUCHER_CONFIG: await writeConfig(folder, stack, keys) },
  });
  stack.deliverTo(worker.url);

  const tell = asJson ? () => {} : terminal.out;
  tell(
    `Pushing ${stack.registry.host}/${REPOSITORY}:${TAG}: four platforms, of which linux/s390x runs as root.\n`,
  );
  const digest = await pushSample(demoImage(), { url: stack.registry.url, repository: REPOSITORY, tag: TAG });
  await stack.topic.idle();

  const verdict = verdictOn(digest, worker);
  if (asJson) {
    terminal.out(JSON.stringify(verdict));
  } else {
    terminal.out(`${matrix(verdict, terminal)}\n`);
    showAttestation(verdict, keys, terminal);
    terminal.out(`\n${counts(stack)}`);
  }
} finally {
  await worker?.close();
  await stack.close();
  await rm(folder, { recursive: true, force: true });
}

async function writeConfig(
  where: string,
  { registry, grafeas }: Stack,
  keys: ReadonlyMap<string, KeyPair>,
): Promise<string> {
  const file = join(where, "voucher.json");
  const pkixKeys = [...keys.keys()].map((check) => ({ check, path: `${check}.pem` }));
  for (const [check, { privateKey }] of keys)
    await writeFile(join(where, `${check}.pem`), privateKey, { mode: 0o600 });
  const config = {
    valid_repos: [`${registry.host}/team`],
    binauth_project: PROJECT,
    containeranalysis: { endpoint: grafeas.url },
    signer: "pkix",
    pkix_keys: pkixKeys,
    checks: Object.fromEntries(CHECKS.map((check) => [check, true])),
  };
  await writeFile(file, JSON.stringify(config, null, 2));
  return file;
}

/** What the function said of `digest`, from its own log. */
function verdictOn(digest: string, { entries }: FunctionProcess): Verdict {
  const verdicts = entries.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict as Verdict]));
  const found = verdicts.findLast(({ image }) => image.endsWith(`@${digest}`));
  if (found === undefined)
    throw new VoucherError("internal", "the function gave no verdict on the image that was pushed");
  return found;
}

function showAttestation(
  { platforms }: Verdict,
  keys: ReadonlyMap<string, KeyPair>,
  { out, style }: Terminal,
): void {
  const [attested] = platforms.flatMap(({ platform, results }) =>
    results.flatMap(({ name, details }) =>
      name === "nobody" && details !== undefined ? [{ platform, name, details }] : [],
    ),
  );
  const key = keys.get(attested?.name ?? "");
  if (attested === undefined || key === undefined) throw new VoucherError("internal", "nothing was attested");
  const { Body, Signature, KeyID } = attested.details;
  const verified = verify(
    "sha256",
    Buffer.from(Body),
    createPublicKey(key.publicKey),
    Buffer.from(Signature, "base64"),
  );
  if (!verified) throw new VoucherError("internal", "the attestation does not verify");
  out(style("bold", `The attestation that ${attested.platform} passed ${attested.name}`));
  out(`  payload    ${Body}\n  signature  ${Signature}\n  key id     ${KeyID}`);
  out(`  crypto.verify with the public key alone: ${style("green", "verified")}`);
}

/** What it took, as the servers counted it. */
function counts({ registry, grafeas, topic }: Stack): string {
  const { deliveries } = topic;
  return (
    `${deliveries.length} events delivered; ${registry.traffic.count({ method: "GET" })} registry requests and ` +
    `${grafeas.traffic.count()} to the attestation store by the function.`
  );
}
