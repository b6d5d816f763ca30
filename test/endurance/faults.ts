import { setTimeout as pause } from "node:timers/promises";
import { type Answer, type LocalRequest, type LocalServer, listen } from "../../lib/local/server.ts";
import type { Random } from "../support/random.ts";

/** What a server, or the way to it, can do to a request. */
export const FAULTS = ["refused", "broken-off", "answer-lost", "cut-short", "late"] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultyServer extends LocalServer {
  /** Whether it refuses everything. */
  isDown(down: boolean): void;
  /** From now on nothing goes wrong. */
  calm(): void;
  /** How often each fault happened. */
  readonly faults: ReadonlyMap<Fault, number>;
}

export interface FaultyOptions {
  /** The server that does the work: `http://127.0.0.1:PORT` */
  readonly to: string;
  readonly random: Random;
  /** The share of requests to which something happens. */
  readonly share: number;
}

const REFUSALS = [429, 500, 502, 503, 504] as const;
const LATEST_MS = 300;
/** Of connections, and of the encoding that `fetch` has undone. */
const OWN_HEADERS = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-encoding",
  "content-length",
]);

/** Stands before a server that does its work, and lets things happen to a share of all requests. */
export async function startFaulty({ to, random, share }: FaultyOptions): Promise<FaultyServer> {
  const faults = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
  let isCalm = false;
  let isDown = false;
  const choose = (): Fault | undefined => {
    if (isCalm || !(isDown || random.chance(share))) return undefined;
    const fault = isDown ? "refused" : random.pick(FAULTS);
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
    return fault;
  };
  const server = await listen(
    {
      kindOf: () => "passed on",
      refuse: ({ status, message }) => ({ status, body: message }),
      answer: (request) => passOn(request, to),
    },
    {
      async before(request) {
        const fault = choose();
        if (fault === undefined) return undefined;
        if (fault === "refused") return { status: random.pick(REFUSALS), body: "something happened" };
        if (fault === "broken-off") return "drop";
        const answer = await passOn(request, to);
        if (fault === "answer-lost") return "drop";
        if (fault === "cut-short") return { ...answer, cut: true };
        await pause(random.below(LATEST_MS));
        return answer;
      },
    },
  );
  return {
    ...server,
    faults,
    isDown(down) {
      isDown = down;
    },
    calm() {
      isCalm = true;
    },
  };
}

/** Asks `to` the same, and returns its answer. */
export async function passOn(
  { method, path, query, headers, body }: LocalRequest,
  to: string,
): Promise<Answer> {
  const search = query.size === 0 ? "" : `?${query}`;
  const sent = Object.entries(headers).flatMap(([name, value]) =>
    name === "host" || OWN_HEADERS.has(name) || value === undefined ? [] : [[name, String(value)]],
  );
  const response = await fetch(`${to}${path}${search}`, {
    method,
    headers: Object.fromEntries(sent),
    redirect: "manual",
    ...(body.length === 0 ? {} : { body: Uint8Array.from(body) }),
  });
  const answered = [...response.headers].filter(([name]) => !OWN_HEADERS.has(name));
  return {
    status: response.status,
    headers: Object.fromEntries(answered),
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
