import type { VoucherError } from "./errors.ts";
import type { TraceContext } from "./event/trace.ts";

export type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

/** Is told what happens, in words. */
export interface Log {
  /**
   * `message` is constant text, so that entries group; what varies stands in `fields`. What `labels` among them holds is few
   * and short: entries are searched by it.
   */
  record(severity: Severity, message: string, fields: { readonly [name: string]: unknown }): void;
}

/** The parts of a whole that take time. `existing` asks which attestations there are, `publish` sends what was made or said. */
export type Stage = "resolve" | "existing" | "evidence" | "judge" | "sign" | "publish";

/** Whom requests are sent to. */
export type Service = "registry" | "store" | "evidence" | "github" | "kms" | "pubsub";

/** What is counted. A check that ends neither this way nor that is `pending`: it waits for evidence. */
export type Counted =
  | "message.received"
  | "check.run.start"
  | "check.run.success"
  | "check.run.failure"
  | "check.run.error"
  | "check.attestation.start"
  | "check.attestation.success"
  | "check.attestation.error"
  | "pending"
  | "registry.requests";

/** What is timed. */
export type Timed = "message.latency" | "review.latency" | "check.run.latency" | "check.attestation.latency";

/** Of what a count or a time speaks; each name has few values. */
export interface About {
  readonly check?: string;
  /** What is waited for. */
  readonly awaiting?: string;
  /** What went wrong. No name to count by: it is told beside the count where a backend takes words. */
  readonly error?: VoucherError;
}

/** A whole that is followed from its beginning to its end. */
export interface Followed {
  /** What it is, in a few constant words: `push event`. */
  readonly name: string;
  /** What brought it about. */
  readonly kind: "message" | "request" | "command";
  /** The trace that it continues, where whoever caused it sent one. */
  readonly trace?: TraceContext | undefined;
}

/** What a whole took so far. */
export interface Took {
  /** In whole milliseconds; only the stages that there were. */
  readonly durations: { readonly [stage in Stage]?: number };
  /** Only the services that were asked. */
  readonly requests: { readonly [service in Service]?: number };
}

/** What whoever does the work of a whole may say and ask of it. */
export interface Trail {
  took(): Took;
  /** Says, for whoever looks at its trace, what the whole was about and how it ended. */
  describe(attributes: { readonly [name: string]: string | number | boolean | undefined }): void;
}

/** Is told what happens; changes nothing, and throws nothing of its own. */
export interface Observer extends Log {
  /**
   * Runs `work` as one whole, and returns or throws what it does: what happens meanwhile is part of it, and log entries bear
   * its trace. Inside another whole it is a part of that one. Returns once all that was observed is sent, or could not be in
   * a bounded time.
   */
  follow<T>(followed: Followed, work: (trail: Trail) => Promise<T>): Promise<T>;
  /** Runs `work` as part of a stage. What several do at once takes its time once. */
  stage<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** One request is sent. */
  request(service: Service): void;
  count(what: Counted, about?: About): void;
  /** Starts to time something; what it returns ends it. */
  time(what: Timed, about?: About): () => void;
}
