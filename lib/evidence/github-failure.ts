import { type ErrorCode, VoucherError } from "../errors.ts";
import { printable } from "../registry/text.ts";
import { RetryLater } from "../retry.ts";
import type { AnswerError } from "./github-documents.ts";

/** What was being done, in the words of an error, and what a person can do where GitHub refuses. */
export interface Purpose {
  /** As in "answer about acme/app@1234": what GitHub was to do. */
  readonly action: string;
  /** After 401, 403 and 404. */
  readonly advice: {
    readonly unauthorized: string;
    readonly forbidden: string;
    readonly notFound: string;
  };
}

/** What of an answer speaks of limits. */
export interface Headers {
  get(name: string): string | null;
}

/** GitHub counts requests, and has counted enough for now. */
export class RateLimited extends RetryLater {
  /** When it may be asked again, in milliseconds since 1970. */
  readonly until: number;

  constructor(message: string, until: number) {
    super("unavailable", message, { after: Math.max(until - Date.now(), 0) });
    this.until = until;
  }
}

/** What GitHub recommends where it does not say how long. */
const UNSAID_WAIT = 60_000;

/** What an HTTP answer that is no success means. `body` is what it says, whatever that is. */
export function httpFailure(
  host: string,
  answer: { readonly status: number; readonly headers: Headers; readonly body: string },
  { action, advice }: Purpose,
): VoucherError {
  const { status, headers } = answer;
  const said = messageIn(answer.body);
  const why = `${host} refused to ${action} (HTTP ${status}${said === "" ? "" : `: ${said}`})`;
  if (status === 429 || (status === 403 && isLimit(headers, said))) return limited(why, headers);
  if (status === 408 || status >= 500) return passing(why, headers);
  if (status === 401) return permanent("unauthorized", why, advice.unauthorized);
  if (status === 403) return permanent("forbidden", why, advice.forbidden);
  if (status === 404) return permanent("not-found", why, advice.notFound);
  return permanent("unsupported", why, "check github.endpoint");
}

/** What the errors of a GraphQL answer mean: the first of the kind that says most. */
export function graphqlFailure(
  host: string,
  errors: readonly AnswerError[],
  headers: Headers,
  { action, advice }: Purpose,
): VoucherError {
  const because = (error: AnswerError | undefined) => {
    const said = printable(error?.message);
    return `${host} refused to ${action}${said === "" ? "" : ` (${said})`}`;
  };
  const ofType = (...types: readonly string[]) => errors.find(({ type = "" }) => types.includes(type));

  const limit =
    ofType("RATE_LIMIT", "RATE_LIMITED") ?? errors.find(({ message = "" }) => SECONDARY.test(message));
  if (limit !== undefined) return limited(because(limit), headers);
  const closed = ofType("FORBIDDEN", "INSUFFICIENT_SCOPES");
  if (closed !== undefined) {
    const sso = closed.extensions?.saml_failure === true;
    return permanent("forbidden", because(closed), sso ? SSO : advice.forbidden);
  }
  const missing = ofType("NOT_FOUND");
  if (missing !== undefined) return permanent("not-found", because(missing), advice.notFound);
  const untold = errors.find(({ type, extensions }) => type === undefined && extensions?.code === undefined);
  // An error without any name is how GitHub says that it ran into its own time limit, or into a fault.
  if (untold !== undefined) return passing(because(untold), headers);
  const old = "GitHub Enterprise Server may be too old for this query";
  return permanent("unsupported", because(errors[0]), old);
}

const SECONDARY = /\bsecondary rate limit/i;
const SSO = "authorise the token for the organisation's single sign-on";

/** GitHub answers 403 both to who may not and to who asked too often. */
function isLimit(headers: Headers, said: string): boolean {
  const spent = headers.get("x-ratelimit-remaining")?.trim() === "0";
  return spent || headers.get("retry-after") !== null || /\brate limit\b/i.test(said);
}

function limited(why: string, headers: Headers): RateLimited {
  const until = Date.now() + (waitOf(headers) ?? UNSAID_WAIT);
  return new RateLimited(
    `${why}; it counts requests, and may be asked again at ${new Date(until).toISOString()}`,
    until,
  );
}

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds until the limit lifts, at most a day, where the answer says. */
function waitOf(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  if (seconds >= 0) return Math.min(seconds * 1000, DAY);
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN) * 1000;
  const spent = headers.get("x-ratelimit-remaining")?.trim() === "0";
  return spent && reset >= 0 ? Math.min(Math.max(reset - Date.now(), 1000), DAY) : undefined;
}

function passing(why: string, headers: Headers): VoucherError {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return seconds >= 0
    ? new RetryLater("unavailable", why, { after: seconds * 1000 })
    : new VoucherError("unavailable", why, { retryable: true });
}

function permanent(code: ErrorCode, why: string, advice: string): VoucherError {
  return new VoucherError(code, `${why}; ${advice}`);
}

/** GitHub's own words; a proxy in between may answer anything. */
function messageIn(body: string): string {
  try {
    const document: unknown = JSON.parse(body);
    const isObject = typeof document === "object" && document !== null;
    return isObject && "message" in document ? printable(document.message) : "";
  } catch {
    return "";
  }
}
