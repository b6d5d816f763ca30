import { VoucherError } from "../../lib/errors.ts";
import type { Answer, Request, Transport } from "../../lib/google/transport.ts";
import type { Settings } from "./history.ts";
import { type OccurrenceDocument, type Occurrences, Refusal } from "./occurrences.ts";
import type { Scheduler } from "./scheduler.ts";
import { fromV1Beta1, toV1Beta1 } from "./v1beta1.ts";
import type { Caller, Fault, Faults, Wire } from "./wire.ts";

/** As the real transport allows for one answer. */
const ANSWER_MS = 60_000;
/** How long the rest of a batch may take that had failed already, as far as its caller knew. */
const STRAGGLES_MS = 30_000;

export interface GrafeasOptions {
  readonly wire: Wire;
  readonly scheduler: Scheduler;
  readonly occurrences: Occurrences;
  readonly server: Settings["services"]["server"];
}

/** A Grafeas over its REST API: what a call does there, how it can fail, and how an instance reaches it. */
export function grafeasTransport(by: Caller, options: GrafeasOptions): Transport {
  return {
    send(request, api, signal) {
      const call = callOf(request);
      return options.wire(by, {
        port: call.method === "GET" ? "reads" : "writes",
        what: () => said(call),
        signal,
        serve: () => answered(() => serve(by, call, options)),
        faults: isBatch(call) ? batchFaults(by, call, options) : FAULTS,
        broken: () => new VoucherError("network", `${api} broke off`, { retryable: true }),
        late: {
          after: ANSWER_MS,
          error: () => new VoucherError("timeout", `${api} did not answer`, { retryable: true }),
        },
      });
    },
    close: async () => {},
  };
}

interface RestCall {
  readonly method: Request["method"];
  readonly project: string;
  /** The name of the occurrence or note that it is about; empty for one that is about all. */
  readonly name: string;
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

function callOf({ method, url, body }: Request): RestCall {
  const { pathname, searchParams } = new URL(url);
  const [, path = "", project = "", rest = ""] =
    /^\/v1(?:beta1)?\/(projects\/([^/]+)\/(.*))$/.exec(decodeURIComponent(pathname)) ?? [];
  const name = rest.includes("/") ? path : "";
  const parsed: unknown = body === undefined ? undefined : JSON.parse(body);
  return { method, project, name, rest, query: searchParams, body: parsed };
}

const FAULTS = [
  { answer: () => refusal(500, "INTERNAL") },
  { answer: () => refusal(503, "UNAVAILABLE") },
  { answer: () => ({ ...refusal(429, "RESOURCE_EXHAUSTED"), retryAfter: "3" }) },
  { answer: () => refusal(409, "ABORTED") },
  { answer: () => refusal(401, "UNAUTHENTICATED") },
  { answer: () => refusal(403, "PERMISSION_DENIED") },
  { answer: () => refusal(504, "DEADLINE_EXCEEDED") },
  {
    answer: () => ({
      status: 200,
      retryAfter: undefined,
      bytes: Buffer.from("<html>sign in to the proxy</html>"),
    }),
  },
] as const satisfies Faults<Answer>;

function serve(by: Caller, call: RestCall, { occurrences, server }: GrafeasOptions): object {
  const { method, project, name, query } = call;
  const isOpenSource = server === "open source";
  const told = (document: OccurrenceDocument) => (isOpenSource ? toV1Beta1(document) : document);
  const sent = (item: unknown) => (isOpenSource ? fromV1Beta1(item) : item);
  if (method === "GET" && name.includes("/notes/")) return { name };
  if (method === "GET" && name !== "") return told(occurrences.get(name));
  if (method === "GET") {
    // The open-source server ignores what it is asked for.
    const filter = isOpenSource ? "" : (query.get("filter") ?? "");
    const { found, more } = occurrences.list(project, filter, query);
    return { occurrences: found.map(told), ...(more === undefined ? {} : { nextPageToken: more }) };
  }
  if (method === "DELETE") return occurrences.delete(by, name);
  if (method === "PATCH") return told(occurrences.patch(by, name, sent(call.body)));
  if (!isBatch(call)) return told(occurrences.create(by, project, sent(call.body)));
  return { occurrences: occurrences.createBatch(by, project, itemsOf(call.body).map(sent)).map(told) };
}

function isBatch({ rest }: RestCall): boolean {
  return rest.endsWith(":batchCreate");
}

function itemsOf(body: unknown): readonly unknown[] {
  return (body as { readonly occurrences: readonly unknown[] }).occurrences;
}

/** A batch is not atomic: what fails may have been done in part, and the rest may follow when nobody waits for it. */
function batchFaults(by: Caller, call: RestCall, options: GrafeasOptions): Faults<Answer> {
  const { scheduler } = options;
  const begin = (): readonly object[] => {
    const made: object[] = [];
    for (const item of itemsOf(call.body)) {
      const create = () => {
        try {
          made.push(serve(by, { ...call, rest: "occurrences", body: item }, options));
        } catch (thrown) {
          if (!(thrown instanceof Refusal)) throw thrown;
        }
      };
      if (scheduler.random.chance(0.4)) create();
      else if (scheduler.random.chance(0.3)) {
        const later = scheduler.random.below(STRAGGLES_MS);
        scheduler.after(later, () => `${by.name}'s batch goes on`, create);
      }
    }
    return [...made];
  };
  const inPart = (code: number, status: string): Fault<Answer> => ({
    answer() {
      begin();
      return refusal(code, status);
    },
  });
  return [
    ...FAULTS,
    inPart(500, "INTERNAL"),
    inPart(503, "UNAVAILABLE"),
    inPart(400, "INVALID_ARGUMENT"),
    inPart(504, "DEADLINE_EXCEEDED"),
    { answer: () => answered(() => ({ occurrences: begin() })) },
  ];
}

function answered(make: () => object): Answer {
  try {
    return { status: 200, retryAfter: undefined, bytes: Buffer.from(JSON.stringify(make())) };
  } catch (thrown) {
    if (thrown instanceof Refusal) return refusal(thrown.status, thrown.message);
    throw thrown;
  }
}

function refusal(code: number, status: string): Answer {
  const bytes = Buffer.from(JSON.stringify({ error: { code, status, message: status } }));
  return { status: code, retryAfter: undefined, bytes };
}

function said(call: RestCall): string {
  const { method, project, rest, query, body } = call;
  const filter = query.get("filter");
  const what = filter === null ? "" : ` ${/kind="(\w+)"/.exec(filter)?.[1] ?? ""}`;
  const items = isBatch(call) ? ` of ${itemsOf(body).length}` : "";
  return `${method} ${project}/${rest}${what}${items}`;
}
