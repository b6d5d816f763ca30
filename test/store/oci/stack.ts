import { onTestFinished } from "vitest";
import type { Attestation, StoredAttestation } from "../../../lib/attest/attestation.ts";
import { summaryFormat } from "../../../lib/attest/summary.ts";
import { type Digest, digestOf } from "../../../lib/image/digest.ts";
import { type Canonical, canonical, parseReference } from "../../../lib/image/reference.ts";
import { pushSample } from "../../../lib/local/push.ts";
import { type RegistryOptions as LocalOptions, startRegistry } from "../../../lib/local/registry.ts";
import { sampleImage } from "../../../lib/local/samples.ts";
import type { Before } from "../../../lib/local/server.ts";
import type { AttestationStore, PutAnswer } from "../../../lib/ports.ts";
import { createRegistry, type RegistryOptions } from "../../../lib/registry/registry.ts";
import { findExisting } from "../../../lib/review/existing.ts";
import { createKeyRing } from "../../../lib/sign/key-ring.ts";
import { keyHint } from "../../../lib/sign/public-key.ts";
import { createOciStore, type OciStoreOptions } from "../../../lib/store/oci/store.ts";
import { makeKeys, type TestKeys } from "../../support/test-keys.ts";

export const VERIFIER = "https://voucher.example.com";
export const CHECKS = ["diy", "nobody"];
export const REPOSITORY = "team/app";
export const signal = (): AbortSignal => AbortSignal.timeout(20_000);

export interface StackOptions {
  readonly registry?: Omit<LocalOptions, "before">;
  /** Sees each request first, once the image is there. */
  readonly before?: Before;
  readonly client?: RegistryOptions;
  readonly store?: Partial<Pick<OciStoreOptions, "cosignTags" | "repository">>;
}

/** An embedded registry with an image in it, and stores on it that have the keys of both checks. */
export async function startStack(options: StackOptions = {}) {
  let before: Before | undefined;
  const registry = await startRegistry({ ...options.registry, before: (request) => before?.(request) });
  onTestFinished(() => registry.close());
  const sample = sampleImage({ platform: "linux/amd64", user: "app" });
  await pushSample(sample, { url: registry.url, repository: REPOSITORY });
  const subject = canonical(parseReference(`${registry.host}/${REPOSITORY}`), sample.root.digest);
  registry.traffic.reset();
  before = options.before;
  const keys = await makeKeys(CHECKS);
  const stack = {
    registry,
    subject,
    keys,
    /** Another instance's store, with a cache of its own. */
    another: () => storeOn(keys, options),
    /** The requests so far, as `METHOD kind`, and forgets them. */
    took(): readonly string[] {
      const requests = registry.traffic.requests.map(({ method, kind }) => `${method} ${kind}`);
      registry.traffic.reset();
      return requests;
    },
  };
  return { ...stack, store: stack.another() };
}

export type Stack = Awaited<ReturnType<typeof startStack>>;

/** When what is attested was verified; a later one with every call. */
let moment = Date.UTC(2026, 10, 25, 12);
function now(): Date {
  moment += 1000;
  return new Date(moment);
}

function storeOn(keys: TestKeys, options: StackOptions): AttestationStore {
  const client = createRegistry({ backOff: 1, ...options.client });
  onTestFinished(() => client.close());
  const policyDigestOf = () => digestOf(Buffer.from("{}"));
  return createOciStore({
    documents: client.documents,
    format: summaryFormat({ verifierId: VERIFIER, policyDigestOf, now }),
    verifierId: VERIFIER,
    keyHintOf: async (check) => hintOf(keys, check),
    cosignTags: false,
    backOff: 2,
    ...options.store,
  });
}

export function hintOf(keys: TestKeys, check: string): string {
  return keyHint(keys.pair(check).publicKey);
}

/** An attestation that `subject` passed, signed with the check's own key. */
export async function sign(
  { store, keys }: Pick<Stack, "store" | "keys">,
  subject: Canonical,
  checkName = "nobody",
): Promise<Attestation> {
  const payload = store.format.payloadOf({ checkName, subject, platforms: [] });
  const signature = await keys.signer.sign(checkName, store.format.signedBytes(payload), signal());
  return { checkName, subject, payload, signature };
}

export async function put(
  store: AttestationStore,
  attestations: readonly Attestation[],
): Promise<readonly PutAnswer["status"][]> {
  const puts = attestations.map((attestation) => ({ attestation }));
  return (await store.put(puts, signal())).map(({ status }) => status);
}

export function list(store: AttestationStore, subject: Canonical): Promise<readonly StoredAttestation[]> {
  return store.list([subject], CHECKS, signal());
}

/** Which checks `subject` has an attestation of that counts, as a review finds it, and why others do not. */
export async function standing(stack: Pick<Stack, "store" | "keys" | "subject">, store = stack.store) {
  const keyRing = createKeyRing(async () => stack.keys.trusted, { idsAreHints: true });
  const existing = await findExisting([stack.subject], CHECKS, { store, keyRing }, signal());
  const all = CHECKS.map((check) => ({ check, ...existing(stack.subject, check) }));
  return {
    counting: all.flatMap(({ check, counting }) => (counting === undefined ? [] : [check])),
    rejected: all.flatMap(({ rejected }) => rejected),
  };
}

/** Puts a manifest as anyone may who can push; returns its digest. */
export async function plant(
  { registry }: Stack,
  manifest: object,
  blobs: readonly Uint8Array[] = [],
  reference?: string,
): Promise<Digest> {
  const base = `${registry.url}/v2/${REPOSITORY}`;
  for (const blob of blobs) {
    const url = `${base}/blobs/uploads/?digest=${digestOf(blob)}`;
    await fetch(url, { method: "POST", body: Uint8Array.from(blob) });
  }
  const bytes = Buffer.from(JSON.stringify(manifest));
  const target = `${base}/manifests/${reference ?? digestOf(bytes)}`;
  const answer = await fetch(target, { method: "PUT", body: Uint8Array.from(bytes) });
  if (!answer.ok) throw new Error(`PUT ${target}: ${answer.status} ${await answer.text()}`);
  return digestOf(bytes);
}

/** The JSON that stands under a tag or digest; `undefined` where nothing does. */
export async function manifestAt({ registry }: Stack, reference: string): Promise<unknown> {
  const answer = await fetch(`${registry.url}/v2/${REPOSITORY}/manifests/${reference}`);
  return answer.ok ? await answer.json() : undefined;
}
