import { setTimeout as sleep } from "node:timers/promises";

export interface TopicOptions {
  /** How long after a first refusal a message is delivered again, in milliseconds; it doubles with each. Default 100. */
  readonly minBackoffMs?: number;
  /** The longest wait between two attempts, in milliseconds. Default 10,000. */
  readonly maxBackoffMs?: number;
  /** How long the endpoint may take to answer, in milliseconds. Default 300,000. */
  readonly ackDeadlineMs?: number;
  /** How many deliveries run at once. Default 16. */
  readonly concurrency?: number;
  /** After so many attempts a message is a dead letter; unset, it is tried for ever. */
  readonly maxAttempts?: number;
  /** How often each message is delivered, as Pub/Sub may deliver it more than once. Default 1. */
  readonly copies?: number;
  /** The name in the envelope. */
  readonly subscription?: string;
}

export type Attributes = { readonly [name: string]: string };

/** One attempt to deliver, and what the endpoint answered; `error` where it did not. */
export interface Delivery {
  readonly messageId: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly status?: number;
  readonly error?: string;
}

export interface Message {
  readonly messageId: string;
  readonly publishTime: string;
  readonly data: Uint8Array;
  readonly attributes: Attributes;
}

const ACKNOWLEDGED = [102, 200, 201, 202, 204];
const MOST_KEPT = 10_000;

/**
 * A topic with one push subscription, as Pub/Sub delivers: raw envelopes by POST, again with exponential back-off until
 * the endpoint answers 102, 200, 201, 202 or 204. It keeps no message that is published before {@link deliverTo}.
 */
export class PushTopic {
  readonly #options: Required<Omit<TopicOptions, "maxAttempts">> & {
    readonly maxAttempts: number | undefined;
  };
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #deliveries: Delivery[] = [];
  readonly #deadLetters: Message[] = [];
  #idle: (() => void)[] = [];
  #free: number;
  #published = 0;
  #endpoint: string | undefined;

  constructor(options: TopicOptions = {}) {
    this.#options = {
      minBackoffMs: options.minBackoffMs ?? 100,
      maxBackoffMs: options.maxBackoffMs ?? 10_000,
      ackDeadlineMs: options.ackDeadlineMs ?? 300_000,
      concurrency: options.concurrency ?? 16,
      copies: options.copies ?? 1,
      subscription: options.subscription ?? "projects/local/subscriptions/push",
      maxAttempts: options.maxAttempts,
    };
    this.#free = this.#options.concurrency;
  }

  /** The latest 10,000 attempts, in the order they ended. */
  get deliveries(): readonly Delivery[] {
    return [...this.#deliveries];
  }

  /** Messages that were given up after `maxAttempts`. */
  get deadLetters(): readonly Message[] {
    return [...this.#deadLetters];
  }

  /** Messages that are neither acknowledged nor given up; each copy counts. */
  get outstanding(): number {
    return this.#running.size;
  }

  /** Sets where messages go, those that are being retried included. */
  deliverTo(endpoint: string): void {
    this.#endpoint = endpoint;
  }

  /** Publishes a message and returns its id; the delivery goes on by itself. */
  publish(data: Uint8Array | string, attributes: Attributes = {}): string {
    this.#published += 1;
    const messageId = String(this.#published);
    if (this.#endpoint === undefined || this.#closing.signal.aborted) return messageId;
    const publishTime = new Date().toISOString();
    const message = { messageId, publishTime, data: Buffer.from(data), attributes };
    for (let copy = 0; copy < this.#options.copies; copy += 1) this.#start(message);
    return messageId;
  }

  /** Returns once nothing is outstanding, at once where nothing is. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Breaks off every delivery and forgets what is outstanding. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const proceed of this.#waiting.splice(0)) proceed();
    await Promise.all(this.#running);
  }

  /** Nobody awaits a delivery, so it settles every fault itself. */
  #start(message: Message): void {
    const running = this.#deliver(message).finally(() => {
      this.#running.delete(running);
      if (this.#running.size > 0) return;
      for (const resolve of this.#idle) resolve();
      this.#idle = [];
    });
    this.#running.add(running);
  }

  async #deliver(message: Message): Promise<void> {
    const { signal } = this.#closing;
    const { minBackoffMs, maxBackoffMs, maxAttempts = Number.POSITIVE_INFINITY } = this.#options;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      await this.#enter();
      const acknowledged = signal.aborted || (await this.#attempt(message, attempt));
      this.#leave();
      if (acknowledged) return;
      if (attempt >= maxAttempts) {
        this.#deadLetters.push(message);
        return;
      }
      const wait = Math.min(minBackoffMs * 2 ** (attempt - 1), maxBackoffMs);
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(message: Message, attempt: number): Promise<boolean> {
    const answer = await this.#post(message, attempt);
    if (this.#closing.signal.aborted) return false;
    this.#deliveries.push({ messageId: message.messageId, attempt, ...answer });
    if (this.#deliveries.length > MOST_KEPT) this.#deliveries.shift();
    return answer.status !== undefined && ACKNOWLEDGED.includes(answer.status);
  }

  async #post(
    message: Message,
    attempt: number,
  ): Promise<{ status: number } | { status?: never; error: string }> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#options.ackDeadlineMs)]);
    try {
      const response = await fetch(this.#endpoint ?? "", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(this.#envelope(message, attempt)),
        redirect: "manual",
        signal,
      });
      await response.arrayBuffer();
      return { status: response.status };
    } catch (thrown) {
      return { error: reasonOf(thrown) };
    }
  }

  /** Attempts are counted in the envelope only where there is a place for dead letters, as Pub/Sub does. */
  #envelope({ messageId, publishTime, data, attributes }: Message, attempt: number): object {
    return {
      message: { data: Buffer.from(data).toString("base64"), messageId, publishTime, attributes },
      subscription: this.#options.subscription,
      ...(this.#options.maxAttempts === undefined ? {} : { deliveryAttempt: attempt }),
    };
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on to who waits longest, so that nobody overtakes. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message;
}
