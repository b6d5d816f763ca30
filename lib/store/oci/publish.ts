import { bundleBytes } from "../../attest/bundle.ts";
import type { Envelope } from "../../attest/dsse.ts";
import { labelOfSummary, SUMMARY_TYPE } from "../../attest/summary.ts";
import { asVoucherError, VoucherError } from "../../errors.ts";
import type { Digest } from "../../image/digest.ts";
import { parseManifest } from "../../image/manifest.ts";
import { IN_TOTO } from "../../image/media-types.ts";
import { type Canonical, canonical, uriOf } from "../../image/reference.ts";
import type { Put, PutAnswer } from "../../ports.ts";
import type { Referrer } from "../../registry/referrer.ts";
import type { Found } from "./envelopes.ts";
import { bundleManifest, EMPTY_CONFIG, type SubjectDescriptor } from "./layout.ts";
import type { Place } from "./places.ts";

export interface PublishOptions {
  readonly verifierId: string;
  readonly cosignTags: boolean;
  /** How a bundle hints at the key that signs for a check. */
  readonly keyHintOf: (checkName: string) => Promise<string>;
}

/** An attestation that was put, and not yet where everybody finds it. */
interface Made {
  readonly put: Put;
  readonly envelope: Envelope;
  readonly keyHint: string;
  readonly at: Date;
  readonly referrer: Referrer;
}

type Answers = Map<Put, PutAnswer>;

/** Publishes attestations of one digest, each that it can, and answers for every one. Never throws. */
export async function publish(
  subject: Canonical,
  puts: readonly Put[],
  place: Place,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<Put, PutAnswer>> {
  const answers: Answers = new Map();
  try {
    const descriptor = await describe(subject, place, signal);
    await place.documents.shareBlob(place.target, EMPTY_CONFIG, signal);
    const attempts = puts.map((put) =>
      make(put, descriptor, place, options, signal).catch((fault: unknown) => {
        answers.set(put, failed(fault));
        return [];
      }),
    );
    const made = (await Promise.all(attempts)).flat();
    if (made.length > 0) await show(subject, made, place, options, answers, signal);
  } catch (fault) {
    for (const put of puts) if (!answers.has(put)) answers.set(put, failed(fault));
  }
  return answers;
}

/** What the image's own manifest is named by. A review has just read it, so it seldom needs a request. */
async function describe(
  subject: Canonical,
  { documents }: Place,
  signal: AbortSignal,
): Promise<SubjectDescriptor> {
  const { bytes, digest, mediaType } = await documents.manifest(subject, signal);
  return { mediaType: parseManifest(bytes, mediaType).mediaType, digest, size: bytes.byteLength };
}

async function make(
  put: Put,
  subject: SubjectDescriptor,
  { documents, target }: Place,
  { verifierId, keyHintOf }: PublishOptions,
  signal: AbortSignal,
): Promise<readonly Made[]> {
  const { checkName, payload, signature } = put.attestation;
  const at = labelOfSummary(payload, verifierId)?.at;
  if (at === undefined) throw new VoucherError("internal", "what is to be attested is no summary");
  // cosign takes a key id for one of its own making, and refuses every other; the bundle's hint names the key instead.
  const envelope = { payloadType: IN_TOTO, payload, signatures: [{ keyId: "", bytes: signature.bytes }] };
  const keyHint = await keyHintOf(checkName);
  const bundle = bundleBytes({ envelope, keyHint });
  const { manifest, referrer } = bundleManifest(bundle, subject, SUMMARY_TYPE, at);
  await documents.putBlob(target, bundle, signal);
  await documents.putManifest(canonical(target, referrer.digest), manifest, signal);
  return [{ put, envelope, keyHint, at, referrer }];
}

/** Lists what was put, and leaves one of what two instances made at the same time. */
async function show(
  subject: Canonical,
  made: readonly Made[],
  place: Place,
  { verifierId, cosignTags }: PublishOptions,
  answers: Answers,
  signal: AbortSignal,
): Promise<void> {
  const { digest } = subject;
  const listed = await place.referrers.add(
    digest,
    made.map(({ referrer }) => referrer),
    signal,
  );
  const own = new Set<string>(made.map(({ referrer }) => referrer.digest));
  const others = listed.filter((one) => !own.has(one.digest));
  // Whatever stands there could only spare us one of two that are both good.
  const found = await place.envelopes.ofBundles(digest, others).catch(() => []);
  const stays = await Promise.all(
    made.map((one) => staysBeside(rivalsOf(one, found, verifierId), one, subject, place, signal)),
  );
  const staying = made.filter((_, at) => stays[at]);
  for (const { put } of made) if (!staying.some((one) => one.put === put)) answers.set(put, CONFLICT);
  if (cosignTags && staying.length > 0) {
    const envelopes = staying.map(({ envelope }) => envelope);
    await place.cosignTag.add(digest, envelopes, SUMMARY_TYPE, signal);
  }
  for (const { put } of staying) answers.set(put, STORED);
}

interface Rival {
  readonly digest: Digest;
  readonly at: Date;
}

/**
 * What another instance made meanwhile, of the same check and image with the same key. Where something is to be replaced,
 * whatever stands is no rival.
 */
function rivalsOf({ put, keyHint }: Made, found: readonly Found[], verifierId: string): readonly Rival[] {
  if (put.replaces !== undefined) return [];
  return found.flatMap((one) => {
    const label = labelOfSummary(one.envelope.payload, verifierId);
    const { checkName, subject } = put.attestation;
    const isSame = label?.checkName === checkName && label.resourceUri === uriOf(subject);
    return isSame && one.keyHint === keyHint ? [{ digest: one.digest, at: label.at }] : [];
  });
}

/**
 * Of several, the earliest stays, whoever made it: all who look agree on that, so that none of them takes away the last.
 * Where a registry lets nobody take anything away, several stay, and each of them counts.
 */
async function staysBeside(
  rivals: readonly Rival[],
  { at, referrer }: Made,
  subject: Canonical,
  { referrers }: Place,
  signal: AbortSignal,
): Promise<boolean> {
  if (rivals.length === 0) return true;
  const own: Rival = { digest: referrer.digest, at };
  const [first, ...late] = [own, ...rivals].sort(
    (a, b) => a.at.getTime() - b.at.getTime() || (a.digest < b.digest ? -1 : 1),
  );
  for (const { digest } of late)
    await referrers.remove(subject.digest, digest, signal).catch(() => undefined);
  return first === own;
}

const STORED: PutAnswer = { status: "stored" };
const CONFLICT: PutAnswer = { status: "conflict" };

function failed(fault: unknown): PutAnswer {
  return { status: "failed", error: asVoucherError(fault) };
}
