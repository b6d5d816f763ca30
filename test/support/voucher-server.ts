import { type Answer, json, type LocalRequest, listen } from "../../lib/local/server.ts";

/** A Voucher server on loopback whose answers a test writes. */
export interface VoucherServer {
  readonly url: string;
  readonly host: string;
  /** What it was asked, in order. */
  readonly requests: readonly LocalRequest[];
  close(): Promise<void>;
}

export type Say = (request: LocalRequest) => Answer | "drop" | Promise<Answer | "drop">;

export async function startVoucherServer(say: Say): Promise<VoucherServer> {
  const requests: LocalRequest[] = [];
  const { url, host, close } = await listen(
    {
      kindOf: () => "question",
      refuse: ({ status, message }) => json(status, { message }),
      answer: () => json(500, {}),
    },
    {
      before(request) {
        requests.push(request);
        return say(request);
      },
    },
  );
  return { url, host, requests, close };
}

/** An error as Go's `http.Error` sends it, and so as Voucher does. */
export function goError(status: number, text: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}

/** A result as Voucher writes it: `details` is its signed attestation. */
export interface OldResult {
  readonly name: string;
  readonly error?: string;
  readonly success: boolean;
  readonly attested: boolean;
  readonly details?: unknown;
}

/** A verdict as Voucher itself gives it. */
export function oldVerdict(image: string, results: readonly OldResult[] | null): object {
  return { image, success: (results ?? []).every(({ success }) => success), results };
}
