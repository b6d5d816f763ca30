import { VoucherError } from "../errors.ts";
import type { Reach } from "./address.ts";
import { type Answer, one, type Request } from "./exchange.ts";
import { redact } from "./failure.ts";
import type { Transport } from "./transport.ts";

const MOST_REDIRECTS = 5;
const STATUSES = [301, 302, 303, 307, 308];

/** Where redirects may lead. */
export interface RedirectRules {
  /** Whether plain http may be spoken there, coming from plain http. */
  readonly mayBePlain: (url: URL) => boolean;
  /** How far a request that has left its first origin may reach. Asked after that origin was contacted. */
  readonly away: () => Reach;
}

/** An answer, and whether it came from where the request was sent to in the first place. */
export interface Followed {
  readonly answer: Answer;
  readonly atHome: boolean;
}

/**
 * Sends a request and follows the redirects of a GET: at most 5, and never from https to http. Credentials go to the
 * first origin alone: a request that leaves it loses them for good. Nothing is written where a redirect leads. Throws
 * `refused`.
 */
export async function follow(
  transport: Transport,
  request: Request,
  rules: RedirectRules,
  signal: AbortSignal,
): Promise<Followed> {
  let current = request;
  let away = false;
  for (let hops = 0; ; hops += 1) {
    const answer = await transport.send(current, signal);
    if (!STATUSES.includes(answer.status)) return { answer, atHome: !away };
    // That something is elsewhere answers whether it is there.
    if (request.method === "HEAD") return { answer, atHome: !away };
    if (request.body instanceof URLSearchParams)
      throw refused(current.url, "redirects a request that carries credentials");
    if (request.method !== undefined && request.method !== "GET")
      throw refused(current.url, "redirects what is to be written elsewhere");
    if (hops === MOST_REDIRECTS) throw refused(request.url, `redirects more than ${MOST_REDIRECTS} times`);
    const url = nextUrl(current.url, answer);
    if (url.protocol === "http:" && (current.url.protocol === "https:" || !rules.mayBePlain(url))) {
      throw refused(current.url, `redirects to ${redact(url)}, which is not encrypted`);
    }
    away ||= url.origin !== request.url.origin;
    current = away
      ? { ...request, url, reach: rules.away(), headers: withoutCredentials(request.headers) }
      : { ...request, url };
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
