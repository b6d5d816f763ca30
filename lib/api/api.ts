import { verdictForLog } from "../delivery/log-verdict.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { TraceContext } from "../event/trace.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import type { Clock, Observer, Trail } from "../ports.ts";
import { toVerdict, type Verdict } from "../review/verdict.ts";
import { type Answer, json, PONG, sentence } from "./answer.ts";
import { readImage } from "./image-request.ts";
import { inTime } from "./in-time.ts";
import { type Route, routeOf } from "./routes.ts";
import type { SignIn } from "./sign-in.ts";

/** A request as it arrived. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization?: string | undefined;
  /** The trace that it continues. */
  readonly trace?: TraceContext | undefined;
  /** The body, or as much of it as tells that it is too large. Asked for only where it matters. */
  body(): Promise<Uint8Array>;
}

export interface ApiSettings {
  /** Without one, everybody may ask. */
  readonly signIn?: SignIn | undefined;
  /** The time that a request may take, in milliseconds. */
  readonly deadline: number;
}

/** What the API asks of the application. `Check` is what it calls a check. */
export interface ApiPorts<Check extends { readonly name: string }> {
  /** Throws `usage` for a name that nothing bears and for a group without checks, `config` for a check that cannot be made. */
  checksNamed(names: readonly string[]): readonly Check[];
  check(image: Reference, checks: readonly Check[], signal: AbortSignal): Promise<Verdict>;
  verify(image: Reference, checks: readonly Check[], signal: AbortSignal): Promise<Verdict>;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Answers one request; never throws. `undefined` where `gone` aborted: then nobody is there to be answered. */
export type Api = (request: ApiRequest, gone: AbortSignal) => Promise<Answer | undefined>;

type Question = Extract<Route, { readonly name: string }>;

/** How a request ended, for its answer and for the log. */
interface Ended {
  readonly answer: Answer;
  readonly image?: string;
  readonly verdict?: Verdict;
  readonly error?: VoucherError;
}

/**
 * Voucher's HTTP API: its routes, codes and texts, in its order (sign-in, then the name, then the body). A check that fails,
 * and an image that cannot be read, is an answer; what stands in text is what kept us from one.
 */
export function createApi<Check extends { readonly name: string }>(
  settings: ApiSettings,
  ports: ApiPorts<Check>,
): Api {
  return async (request, gone) => {
    const route = routeOf(request.method, request.path);
    if (route.kind === "ping") return PONG;
    if (route.kind === "none") return route.answer;
    const followed = { name: `${route.kind} request`, kind: "request", trace: request.trace } as const;
    return ports.observer.follow(followed, async (trail) => {
      const started = ports.clock.now();
      const deadline = ports.clock.deadline(settings.deadline);
      const signal = AbortSignal.any([deadline, gone]);
      const ended = await inTime(decide(request, route, settings, ports, signal), signal).catch(fault);
      const late = deadline.aborted && !gone.aborted ? tooLate(settings) : ended;
      record(gone.aborted ? undefined : late, route, ports, { started, trail });
      return gone.aborted ? undefined : late.answer;
    });
  };
}

async function decide<Check extends { readonly name: string }>(
  request: ApiRequest,
  { kind, name }: Question,
  { signIn }: ApiSettings,
  ports: ApiPorts<Check>,
  signal: AbortSignal,
): Promise<Ended> {
  if (signIn !== undefined && !(await signIn.admits(request.authorization))) {
    return { answer: sentence(401, signIn.refusal, { "www-authenticate": signIn.challenge }) };
  }
  const checks = named(name, ports);
  if (checks instanceof VoucherError) {
    return { answer: sentence(404, `check or group ${quoted(name)} is not active: ${checks.message}`) };
  }
  const body = await request.body();
  const image = imageOf(body);
  if (image instanceof VoucherError) {
    return { answer: sentence(image.code === "limit" ? 413 : 422, image.message) };
  }
  const verdict = await ports[kind](image, checks, signal).catch((fault: unknown) =>
    unresolved(image, checks, asVoucherError(fault)),
  );
  return { answer: json(verdict), image: formatReference(image), verdict };
}

/** The checks behind a name, or why it stands for none. Throws what else is wrong. */
function named<Check extends { readonly name: string }>(
  name: string,
  { checksNamed }: ApiPorts<Check>,
): readonly Check[] | VoucherError {
  try {
    const checks = checksNamed([name]);
    return checks.length > 0 ? checks : new VoucherError("usage", "it has no checks");
  } catch (thrown) {
    const error = asVoucherError(thrown);
    if (error.code === "usage") return error;
    throw error;
  }
}

function imageOf(body: Uint8Array): Reference | VoucherError {
  try {
    return readImage(body);
  } catch (thrown) {
    return asVoucherError(thrown);
  }
}

/** Faults of ours, and of nobody's image. */
const OURS: readonly VoucherError["code"][] = ["config", "key", "internal"];

/** An image that cannot be read fails each check and says why, as with Voucher. Throws `error` where it speaks of us. */
function unresolved(
  image: Reference,
  checks: readonly { readonly name: string }[],
  error: VoucherError,
): Verdict {
  if (OURS.includes(error.code)) throw error;
  const judgements = checks.map(({ name }) => ({
    checkName: name,
    outcome: { status: "error" as const, error },
  }));
  const review = {
    reference: image,
    kind: "image" as const,
    judgements,
    platforms: [],
    skipped: [],
    indexOwed: false,
    owed: "passed" as const,
    dryRun: false,
  };
  return toVerdict(review, image.tag);
}

function fault(thrown: unknown): Ended {
  const error = asVoucherError(thrown);
  if (error.code === "config" || error.code === "key") {
    return { answer: sentence(500, "server has been misconfigured"), error };
  }
  if (error.code === "cancelled") return { answer: sentence(400, error.message), error };
  if (error.code === "unavailable") {
    return {
      answer: sentence(503, "whether you may ask cannot be found out now; try again", { "retry-after": "5" }),
      error,
    };
  }
  return { answer: sentence(500, "the server failed; its log says how"), error };
}

function tooLate({ deadline }: ApiSettings): Ended {
  const text = `no answer was found within ${deadline / 1000} s, the server's timeout; ask again, or raise server.timeout`;
  return { answer: sentence(504, text) };
}

function record<Check extends { readonly name: string }>(
  ended: Ended | undefined,
  { kind, name }: Question,
  { observer, clock }: ApiPorts<Check>,
  { started, trail }: { readonly started: Date; readonly trail: Trail },
): void {
  const asked = { asked: kind, check: name.slice(0, 100) };
  const milliseconds = clock.now().getTime() - started.getTime();
  if (ended === undefined) {
    observer.record("INFO", "request given up by its client", { ...asked, ...trail.took(), milliseconds });
    return;
  }
  const { answer, verdict, ...found } = ended;
  const { status } = answer;
  const severity = status >= 500 ? "ERROR" : status === 401 ? "WARNING" : "INFO";
  trail.describe({ ...asked, status, image: found.image });
  observer.record(severity, "request answered", {
    ...asked,
    status,
    ...found,
    ...(verdict === undefined ? {} : { verdict: verdictForLog(verdict) }),
    ...trail.took(),
    milliseconds,
  });
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
