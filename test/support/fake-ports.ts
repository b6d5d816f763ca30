import { VoucherError } from "../../lib/errors.ts";
import { formatReference, type Reference } from "../../lib/image/reference.ts";
import type { PlatformImage, ResolvedImage } from "../../lib/image/resolved.ts";
import type {
  Clock,
  Evidence,
  EvidenceSource,
  Message,
  Observer,
  Publisher,
  Resolver,
  Severity,
  Topic,
} from "../../lib/ports.ts";

export interface FakeResolver extends Resolver {
  /** What was asked for, in order. */
  readonly asked: readonly string[];
}

/** A resolver that knows these images by their names, and answers `fault` or `not-found` for every other. */
export function resolverOf(images: readonly ResolvedImage[], fault?: VoucherError): FakeResolver {
  const known = new Map(images.map((image) => [formatReference(image.reference), image]));
  const asked: string[] = [];
  return {
    asked,
    async resolve(reference: Reference) {
      const name = formatReference(reference);
      asked.push(name);
      const image = known.get(name);
      if (image === undefined) throw fault ?? new VoucherError("not-found", `${name} does not exist`);
      return image;
    },
  };
}

export interface FakeEvidence extends EvidenceSource {
  /** The digests whose config a check has read, in order. */
  readonly read: readonly string[];
}

/** Evidence that says what the images say themselves. `at` is the moment of the review. */
export function evidenceFrom(at = new Date("2026-11-25T12:00:00Z")): FakeEvidence {
  const read: string[] = [];
  return {
    read,
    of: (images) =>
      images.map((image) => ({
        image,
        at,
        async imageConfig() {
          read.push(image.reference.digest);
          return image.config;
        },
        builds: async () => ({ found: [] }),
        vulnerabilities: async () => ({ found: [] }),
        commit: async () => {
          throw new VoucherError("not-found", "no commit is known");
        },
      })),
  };
}

/** The evidence of one image, for judging it by a check alone; `imageConfig` stands in for fetching its config. */
export function evidenceOf(image: PlatformImage, imageConfig = async () => image.config): Evidence {
  const [evidence] = evidenceFrom().of([image], new AbortController().signal);
  if (evidence === undefined) throw new Error("there is no evidence");
  return { ...evidence, imageConfig };
}

export interface Entry {
  readonly severity: Severity;
  readonly message: string;
  readonly fields: { readonly [name: string]: unknown };
}

/** What an observer was told besides words, each as one line: `count check.run.start nobody`, `stage judge`. */
export interface RecordingObserver extends Observer {
  readonly entries: readonly Entry[];
  readonly told: readonly string[];
}

export function recordingObserver(): RecordingObserver {
  const entries: Entry[] = [];
  const told: string[] = [];
  const tell = (...words: readonly (string | undefined)[]) => void told.push(words.filter(Boolean).join(" "));
  return {
    entries,
    told,
    record: (severity, message, fields) => void entries.push({ severity, message, fields }),
    async follow({ name, trace }, work) {
      tell("follow", name, trace?.traceId);
      return await work({ took: () => ({ durations: {}, requests: {} }), describe: () => {} });
    },
    stage(stage, work) {
      tell("stage", stage);
      return work();
    },
    request: (service) => tell("request", service),
    count: (what, about = {}) => tell("count", what, about.check, about.awaiting, about.error?.code),
    time(what, about = {}) {
      return () => tell("time", what, about.check);
    },
  };
}

/** A clock that advances by `step` milliseconds whenever it is read; its deadlines pass when `pass` is called. */
export function handClock(step = 0): Clock & { readonly deadlines: readonly number[]; pass(): void } {
  let time = Date.parse("2026-11-25T12:00:00Z");
  const deadlines: number[] = [];
  const controller = new AbortController();
  return {
    deadlines,
    now() {
      const now = new Date(time);
      time += step;
      return now;
    },
    deadline(milliseconds) {
      deadlines.push(milliseconds);
      return controller.signal;
    },
    pass: () => controller.abort(new DOMException("the deadline passed", "TimeoutError")),
  };
}

export interface Published {
  readonly topic: Topic;
  readonly text: string;
  readonly attributes: Message["attributes"];
}

/** A publisher to `topics` that keeps what it is given, or throws `fault`. */
export function publishingTo(
  topics: readonly Topic[],
  fault?: VoucherError,
): Publisher & { readonly published: readonly Published[] } {
  const published: Published[] = [];
  return {
    published,
    has: (topic) => topics.includes(topic),
    async publish(topic, { data, attributes }) {
      if (fault !== undefined) throw fault;
      published.push({ topic, text: Buffer.from(data).toString(), attributes });
    },
  };
}
