import { VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import { type Pace, retry } from "../retry.ts";
import type { Access, Auth } from "./auth.ts";
import { apiOf, isPlain, type Schemes } from "./endpoint.ts";
import type { Answer, Request } from "./exchange.ts";
import { refusal } from "./failure.ts";
import { follow, type RedirectRules } from "./redirect.ts";
import type { Transport } from "./transport.ts";

/** One request of a registry's API. */
export interface Call extends Omit<Request, "reach" | "body"> {
  /** `pull` where nothing is said. */
  readonly access?: Access;
  readonly body?: Uint8Array;
  /** The statuses that are answers; 200 alone where nothing is said. */
  readonly expects?: readonly number[];
}

/** Asks registries: signed in as they want it, redirects followed, passing failures waited out. */
export interface Caller {
  readonly schemes: Schemes;
  /**
   * Returns an answer with a status that is expected; throws a VoucherError for every other. A call must do no harm when it
   * is repeated.
   */
  send(of: Reference, call: Call, signal: AbortSignal): Promise<Answer>;
}

export function createCaller(parts: {
  readonly transport: Transport;
  readonly auth: Auth;
  readonly schemes: Schemes;
  /** The longest pause before the second try, in milliseconds. */
  readonly backOff: number;
  readonly pace?: Pace | undefined;
}): Caller {
  const { transport, auth, schemes, backOff, pace } = parts;

  async function once({ registry, repository }: Reference, call: Call, signal: AbortSignal): Promise<Answer> {
    const { access = "pull", expects = [200], ...request } = call;
    const api = apiOf(registry, schemes);
    const target = { access, registry, repository, api };
    const rules: RedirectRules = {
      mayBePlain: (url) => isPlain(url.host, schemes),
      away: () => (transport.isInward(api.hostname) ? "anywhere" : "public"),
    };
    if (call.url.origin !== api.origin) return await elsewhere(request, expects, rules, signal);
    const ask = (authorization: string | undefined) => {
      const headers = authorization === undefined ? call.headers : { ...call.headers, authorization };
      return follow(transport, { ...request, reach: "anywhere", headers }, rules, signal);
    };

    const known = await auth.known(target, signal);
    let shown = known;
    let { answer, atHome } = await ask(shown);
    // Once: a registry that refuses what it asked for would refuse it again.
    if (answer.status === 401 && atHome) {
      const next = await auth.next(target, answer, known, signal);
      if (next !== undefined) {
        shown = next;
        ({ answer, atHome } = await ask(shown));
      }
    }
    if (expects.includes(answer.status)) return answer;
    const error = refusal(call.url.host, answer, auth.advice(target), shown);
    // What a server that expects TLS answers to plain http.
    const mistaken =
      answer.status === 400 && call.url.protocol === "http:" && (call.method ?? "GET") === "GET";
    if (!mistaken) throw error;
    throw new VoucherError(error.code, `${error.message}; if it speaks TLS, list it in registry.secure`);
  }

  /** Where a registry sends us to with what we have to say: without credentials, and no further than redirects lead. */
  async function elsewhere(
    request: Omit<Request, "reach">,
    expects: readonly number[],
    rules: RedirectRules,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { answer } = await follow(transport, { ...request, reach: rules.away() }, rules, signal);
    if (expects.includes(answer.status)) return answer;
    throw refusal(request.url.host, answer, "the registry led there; ask whoever runs it", undefined);
  }

  return {
    schemes,
    send: (of, call, signal) => retry(() => once(of, call, signal), { signal, unit: backOff, ...pace }),
  };
}
