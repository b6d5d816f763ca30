import type { Dispatcher } from "undici";
import { VoucherError } from "../errors.ts";
import { type Canonical, formatReference } from "../image/reference.ts";
import { createWays, type Proxies, proxiesIn, proxyFault, type Ways } from "../proxy.ts";
import { questionUrl, type ServerAddress } from "./client-address.ts";
import { type Answer, readAnswer } from "./client-answer.ts";
import type { SignIn } from "./client-sign-in.ts";

/** What a Voucher server is asked. */
export interface Question {
  readonly image: Canonical;
  /** A check or a group. */
  readonly check: string;
  readonly verb: "check" | "verify";
}

/** Asks a Voucher server, of whatever age. */
export interface VoucherClient {
  /**
   * Throws a {@link ServerRefusal} where the server has no verdict, `network` or `timeout` where it does not answer, `refused`
   * for a redirect, `limit` or `malformed` for an answer that cannot be used.
   */
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly server: ServerAddress;
  readonly signIn: SignIn;
  readonly userAgent: string;
  /** Where `HTTPS_PROXY` and its like stand. */
  readonly env: { readonly [name: string]: string | undefined };
}

/** The server answered, but gave no verdict. */
export class ServerRefusal extends VoucherError {
  /** Its own words. */
  readonly said: string;

  constructor(code: VoucherError["code"], message: string, said: string, retryable: boolean) {
    super(code, message, { retryable });
    this.said = said;
  }
}

/** 128 platforms with a dozen checks each, their signatures and findings. */
const LARGEST_ANSWER = 16 * 1024 * 1024;
const LONGEST_WORDS = 500;

/** undici is loaded by the first question. Throws `config` for a proxy that is none. */
export function createVoucherClient({ server, signIn, userAgent, env }: ClientOptions): VoucherClient {
  const proxies = proxiesIn(env);
  let opened: Promise<Ways> | undefined;

  async function send(
    { image, check, verb }: Question,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(questionUrl(server, check, verb));
    const authorization = await signIn(signal);
    opened ??= open(proxies);
    const ways = await opened;
    return await ways.to(url.host).request({
      origin: url.origin,
      path: url.pathname,
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        "accept-encoding": "identity",
        "user-agent": userAgent,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({ image_url: formatReference(image) }),
      signal,
    });
  }

  return {
    async ask(question, signal) {
      try {
        const { statusCode, headers, body } = await send(question, signal);
        const bytes = await readWhole(body, server);
        if (statusCode === 200 && isJson(headers["content-type"])) return readAnswer(bytes, question.image);
        throw refusal(server, statusCode, headers["location"], bytes);
      } catch (cause) {
        throw toVoucherError(cause, server, signal);
      }
    },
    async close() {
      await (await opened)?.destroy();
    },
  };
}

/** A review takes minutes and says nothing meanwhile: only the caller's own deadline ends it. */
async function open(proxies: Proxies | undefined): Promise<Ways> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const undici = (await import("undici")).default;
  const settings = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } };
  return createWays(undici, settings, proxies);
}

async function readWhole(
  body: Dispatcher.ResponseData["body"],
  { host }: ServerAddress,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER) {
      throw new VoucherError("limit", `the answer of ${host} is larger than ${LARGEST_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function isJson(contentType: string | string[] | undefined): boolean {
  return [contentType ?? ""].flat().some((type) => /^application\/json\s*(?:;|$)/i.test(type.trim()));
}

function refusal(
  { host, base }: ServerAddress,
  status: number,
  location: string | string[] | undefined,
  bytes: Uint8Array,
): VoucherError {
  if (status >= 300 && status < 400) {
    const target = URL.parse([location ?? ""].flat()[0] ?? "", base)?.origin ?? "elsewhere";
    return new VoucherError(
      "refused",
      `${host} redirects to ${target} (HTTP ${status}), which is not followed; name the address itself`,
    );
  }
  const words = new TextDecoder()
    .decode(bytes.subarray(0, 4 * LONGEST_WORDS))
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  const said = words.slice(0, LONGEST_WORDS) || `HTTP ${status} and not a word`;
  return new ServerRefusal(
    codeOf(status),
    `${host} gave no verdict (HTTP ${status}): ${said}`,
    said,
    status >= 500,
  );
}

/** A name that the server does not know, or an image that it cannot use, is a mistake of whoever asks. */
function codeOf(status: number): VoucherError["code"] {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404 || status === 422) return "usage";
  if (status === 504) return "timeout";
  return status >= 500 || status === 429 ? "unavailable" : "malformed";
}

function toVoucherError(thrown: unknown, { host }: ServerAddress, signal: AbortSignal): VoucherError {
  const cause = proxyFault(thrown, host);
  if (signal.aborted) {
    if (signal.reason instanceof VoucherError && signal.reason.code !== "timeout") return signal.reason;
    const message = `${host} gave no verdict in the time that it had; give it more with --timeout`;
    return new VoucherError("timeout", message, { retryable: true, cause });
  }
  if (cause instanceof VoucherError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const why = code || (cause instanceof Error ? cause.message : String(cause));
  return new VoucherError("network", `${host} could not be reached, or broke off: ${why}`, {
    retryable: true,
    cause,
  });
}
