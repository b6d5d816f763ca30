import { VoucherError } from "../errors.ts";
import type { Reference } from "../image/reference.ts";
import { type Pace, retry } from "../retry.ts";
import type { Auth } from "./auth.ts";
import { apiOf, isPlain, type Schemes } from "./endpoint.ts";
import type { Answer, Request } from "./exchange.ts";
import { refusal } from "./failure.ts";
import { follow, type RedirectRules } from "./redirect.ts";
import type { Transport } from "./transport.ts";

/** One GET of a registry's API. */
export type Call = Omit<Request, "reach" | "form">;

/** Asks registries: signed in as they want it, redirects followed, passing failures waited out. */
export interface Caller {
  readonly schemes: Schemes;
  /** Returns the answer, which is a 200; throws a VoucherError for everything else. */
  get(of: Reference, call: Call, signal: AbortSignal): Promise<Answer>;
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
    const target = { registry, repository, api: apiOf(registry, schemes) };
    const rules: RedirectRules = {
      mayBePlain: (url) => isPlain(url.host, schemes),
      away: () => (transport.isInward(call.url.hostname) ? "anywhere" : "public"),
    };
    const ask = (authorization: string | undefined) => {
      const headers = authorization === undefined ? call.headers : { ...call.headers, authorization };
      return follow(transport, { ...call, reach: "anywhere", headers }, rules, signal);
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
    if (answer.status === 200) return answer;
    const error = refusal(call.url.host, answer, auth.advice(target), shown);
    // What a server that expects TLS answers to plain http.
    const mistaken = answer.status === 400 && call.url.protocol === "http:";
    if (!mistaken) throw error;
    throw new VoucherError(error.code, `${error.message}; if it speaks TLS, list it in registry.secure`);
  }

  return {
    schemes,
    get: (of, call, signal) => retry(() => once(of, call, signal), { signal, unit: backOff, ...pace }),
  };
}
