/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

/** A sentence for people. Voucher's client takes whatever is not JSON for one, and prints it. */
export function sentence(status: number, text: string, headers: Answer["headers"] = {}): Answer {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      ...headers,
    },
    body: `${text}\n`,
  };
}

/** `value` as JSON, with the media type by which Voucher's client knows an answer from an error. */
export function json(value: unknown): Answer {
  return { status: 200, headers: { "content-type": "application/json" }, body: `${JSON.stringify(value)}\n` };
}

export const PONG: Answer = { status: 200, headers: {}, body: "" };
