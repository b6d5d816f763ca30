import type { Dispatcher } from "undici";

/** An answer, with as much of its body as was wanted. */
export interface Received {
  readonly status: number;
  /** Header values by their lower-case name; of a header given several times, all of them. */
  readonly headers: Headers;
  /** The whole body; `undefined` where there is more of it than was wanted: the rest was not read. */
  readonly bytes: Uint8Array | undefined;
}

export type Headers = { readonly [name: string]: string | string[] | undefined };

export interface ExchangeOptions {
  /** Ends the exchange at once; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Until the whole answer is there, in milliseconds, so that a body that drips in ends too. */
  readonly timeout: number;
  /** How many bytes of the body to take, asked once its head is there; what it throws ends the exchange. */
  readonly most: (status: number, headers: Headers) => number;
}

/** Thrown where the whole answer was not there in time. */
export class TooLate extends Error {}

/**
 * Sends one request and returns its whole answer, whatever its status. Throws {@link TooLate}, the signal's reason, or
 * what undici does where the connection fails.
 *
 * By undici's lowest interface: its `request` makes a stream of every answer, which took more time than reading what is
 * in it, for documents that come in one piece.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: ExchangeOptions,
): Promise<Received> {
  if (options.signal.aborted) return Promise.reject(options.signal.reason);
  return new Promise((resolve, reject) => {
    const answer = new Answer(options, resolve, reject);
    try {
      dispatcher.dispatch(request, answer);
    } catch (fault) {
      answer.fail(fault);
    }
  });
}

class Answer implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (received: Received) => void;
  readonly #reject: (fault: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #body = new Body();
  #controller: Dispatcher.DispatchController | undefined;
  #head: Pick<Received, "status" | "headers"> | undefined;
  #most = 0;
  #isOver = false;

  constructor(
    options: ExchangeOptions,
    resolve: (received: Received) => void,
    reject: (fault: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(this.#onLate, options.timeout);
    options.signal.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up while it waited for a connection.
    if (this.#isOver) controller.abort(givenUp());
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200 || this.#isOver) return;
    this.#head = { status, headers };
    try {
      this.#most = this.#options.most(status, headers);
    } catch (fault) {
      this.fail(fault);
      return;
    }
    if (Number(headers["content-length"] ?? 0) > this.#most) this.#stop();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#body.length + chunk.byteLength > this.#most) this.#stop();
    else this.#body.add(chunk, this.#most);
  }

  onResponseEnd(): void {
    if (this.#isOver || this.#head === undefined) return;
    this.#end();
    this.#resolve({ ...this.#head, bytes: this.#body.bytes() });
  }

  onResponseError(_: Dispatcher.DispatchController, fault: Error): void {
    this.fail(fault);
  }

  /** Ends the exchange with what is thrown; the connection, if it has one, is closed. */
  fail(fault: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#reject(fault);
    this.#controller?.abort(givenUp());
  }

  /** Ends the exchange without the rest of its body. */
  #stop(): void {
    if (this.#head === undefined) return;
    this.#end();
    this.#resolve({ ...this.#head, bytes: undefined });
    this.#controller?.abort(givenUp());
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.fail(this.#options.signal.reason);
  readonly #onLate = (): void => this.fail(new TooLate("the answer came too late"));
}

function givenUp(): Error {
  return new Error("nobody waits for this answer any more");
}

/**
 * A body as it comes in. Memory grows with what has arrived, never with what was declared, and not with the number of
 * pieces it arrives in; a body of one piece is not copied.
 */
class Body {
  #room: Uint8Array = new Uint8Array();
  length = 0;

  add(chunk: Uint8Array, most: number): void {
    const needed = this.length + chunk.byteLength;
    if (this.length === 0) {
      this.#room = chunk;
    } else {
      if (needed > this.#room.byteLength) {
        const larger = new Uint8Array(Math.min(Math.max(needed, 2 * this.#room.byteLength), most));
        larger.set(this.#room.subarray(0, this.length));
        this.#room = larger;
      }
      this.#room.set(chunk, this.length);
    }
    this.length = needed;
  }

  /** Without the memory around it, unless that is less than the body itself. */
  bytes(): Uint8Array {
    const { buffer, byteLength } = this.#room;
    return this.length === byteLength && buffer.byteLength < 2 * byteLength
      ? this.#room
      : new Uint8Array(this.#room.subarray(0, this.length));
  }
}
