import { diy } from "../../lib/check/diy.ts";
import { nobody } from "../../lib/check/nobody.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import type { KeyRing, Signer } from "../../lib/ports.ts";
import type { Judgement, Review } from "../../lib/review/judgement.ts";
import { type ReviewRequest, review } from "../../lib/review/review.ts";
import { type VerifyRequest, verify } from "../../lib/review/verify.ts";
import {
  evidenceFrom,
  type FakeEvidence,
  type FakeResolver,
  type RecordingObserver,
  recordingObserver,
  resolverOf,
} from "./fake-ports.ts";
import { MemoryStore } from "./memory-store.ts";

/** Everything a review needs but the image: built-in checks, real keys, a store in memory. */
export interface Reviewing {
  readonly store: MemoryStore;
  readonly evidence: FakeEvidence;
  readonly observer: RecordingObserver;
  /** The resolver of the latest call. */
  readonly resolver: () => FakeResolver;
  review(
    image: ResolvedImage,
    request?: Partial<ReviewRequest>,
    options?: { dryRun?: boolean },
  ): Promise<Review>;
  verify(image: ResolvedImage, request?: Partial<VerifyRequest>): Promise<Review>;
}

export const CHECKS = [diy({ validRepos: ["gcr.io/project"] }), nobody];

export function reviewing(
  keys: { readonly signer: Signer; readonly keyRing: KeyRing },
  store = new MemoryStore(),
): Reviewing {
  const evidence = evidenceFrom();
  const observer = recordingObserver();
  const attesting = { signer: keys.signer, keyRing: keys.keyRing, store };
  const signal = new AbortController().signal;
  let resolver = resolverOf([]);
  return {
    store,
    evidence,
    observer,
    resolver: () => resolver,
    review(image, request = {}, { dryRun = false } = {}) {
      resolver = resolverOf([image]);
      return review(
        {
          image: image.reference,
          checks: CHECKS,
          platforms: { select: "all", index: "all" },
          existing: "reuse",
          ...request,
        },
        { resolver, evidence, observer, ...(dryRun ? {} : { attesting }) },
        signal,
      );
    },
    verify(image, request = {}) {
      resolver = resolverOf([image]);
      return verify(
        {
          image: image.reference,
          checks: CHECKS,
          platforms: { select: "all", index: "all" },
          ...request,
        },
        { resolver, store, keyRing: keys.keyRing, observer },
        signal,
      );
    },
  };
}

/** What the review says of `check` for the image itself, or for one of its platforms. */
export function judgementOf(review: Review, check: string, platform?: string): Judgement {
  const judgements = platform === undefined ? review.judgements : platformOf(review, platform)?.judgements;
  const found = judgements?.find(({ checkName }) => checkName === check);
  if (found === undefined) throw new Error(`no judgement of ${check} on ${platform ?? "the image"}`);
  return found;
}

/** Each outcome as one line: `nobody linux/amd64 pass`; those of the image itself without a platform. */
export function outcomesOf(review: Review): readonly string[] {
  const lines = (judgements: readonly Judgement[], of: string) =>
    judgements.map(({ checkName, outcome }) => `${checkName}${of} ${outcome.status}`);
  return [
    ...review.platforms.flatMap((one) => lines(one.judgements, ` ${nameOf(one)}`)),
    ...lines(review.judgements, ""),
  ];
}

function platformOf(review: Review, platform: string) {
  return review.platforms.find((one) => nameOf(one) === platform);
}

function nameOf({ platform }: Review["platforms"][number]): string {
  return platform === undefined
    ? "unknown"
    : [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}
