import { VoucherError } from "../errors.ts";
import { type Answer, one, type Request } from "./exchange.ts";
import { redact } from "./failure.ts";
import type { Transport } from "./transport.ts";

const MOST_REDIRECTS = 5;
const STATUSES = [301, 302, 303, 307, 308];

/** An answer, and whether it came from where the request was sent to in the first place. */
export interface Followed {
  readonly answer: Answer;
  readonly atHome: boolean;
}

/**
 * Sends a GET and follows its redirects: at most 5, never from https to http, plain http only where `mayBePlain` says
 * so. Credentials go to the first origin alone: what leaves it once has lost them for good.
 */
export async function follow(
  transport: Transport,
  request: Request,
  mayBePlain: (url: URL) => boolean,
  signal: AbortSignal,
): Promise<Followed> {
  let current = request;
  let left = false;
  for (let hops = 0; ; hops += 1) {
    const answer = await transport.send(current, signal);
    if (!STATUSES.includes(answer.status)) return { answer, atHome: !left };
    if (hops === MOST_REDIRECTS) {
      throw refused(request.url, `redirects more than ${MOST_REDIRECTS} times`);
    }
    const url = nextUrl(current.url, answer);
    if (url.protocol === "http:" && (current.url.protocol === "https:" || !mayBePlain(url))) {
      throw refused(current.url, `redirects to ${redact(url)}, which is not encrypted`);
    }
    left ||= url.origin !== request.url.origin;
    const reach = left && !transport.isInward(request.url.hostname) ? "public" : request.reach;
    current = {
      ...request,
      url,
      reach,
      headers: left ? withoutCredentials(request.headers) : request.headers,
    };
  }
}

function nextUrl(from: URL, answer: Answer): URL {
  const location = one(answer.headers["location"]);
  const url = location === undefined ? null : URL.parse(location, from.href);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw refused(from, "redirects to something that is no web address");
  }
  if (url.username !== "" || url.password !== "") {
    throw refused(from, `redirects to ${redact(url)} with credentials in the address`);
  }
  return url;
}

function withoutCredentials(headers: Request["headers"]): Request["headers"] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
  );
}

function refused(url: URL, what: string): VoucherError {
  return new VoucherError("refused", `${redact(url)} ${what}; that is not followed`);
}
