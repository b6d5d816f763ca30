import { VoucherError } from "../../lib/errors.ts";
import type { Answer, Request, Transport } from "../../lib/google/transport.ts";
import { type OccurrenceDocument, type Occurrences, Refusal } from "./occurrences.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Caller, Fault, Faults, Wire } from "./wire.ts";

/** As the real transport allows for one answer. */
const ANSWER_MS = 60_000;
/** How long the rest of a batch may take that had failed already, as far as its caller knew. */
const STRAGGLES_MS = 30_000;

/** Container Analysis over its REST API: what a call does there, how it can fail, and how an instance reaches it. */
export function grafeasTransport(
  by: Caller,
  wire: Wire,
  occurrences: Occurrences,
  scheduler: Scheduler,
): Transport {
  return {
    send(request, api, signal) {
      const { pathname, searchParams } = new URL(request.url);
      const call: RestCall = {
        method: request.method,
        path: decodeURIComponent(pathname),
        query: searchParams,
        body: request.body === undefined ? undefined : JSON.parse(request.body),
      };
      return wire(by, {
        port: call.method === "GET" ? "reads" : "writes",
        what: () => said(call),
        signal,
        serve: () => answered(() => serve(by, call, occurrences)),
        faults: isBatch(call) ? batchFaults(by, call, occurrences, scheduler) : FAULTS,
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
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
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

function serve(by: Caller, { method, path, query, body }: RestCall, occurrences: Occurrences): object {
  const [, project = "", rest = ""] = /^\/v1\/projects\/([^/]+)\/occurrences(.*)$/.exec(path) ?? [];
  if (method === "GET" && rest === "") return occurrences.list(project, query);
  if (method === "GET") return occurrences.get(path.slice("/v1/".length));
  if (method === "PATCH") return occurrences.patch(by, path.slice("/v1/".length), body);
  if (rest === ":batchCreate") return occurrences.createBatch(by, project, itemsOf(body));
  return occurrences.create(by, project, body);
}

function isBatch({ path }: RestCall): boolean {
  return path.endsWith(":batchCreate");
}

function itemsOf(body: unknown): readonly unknown[] {
  return (body as { readonly occurrences: readonly unknown[] }).occurrences;
}

/** A batch is not atomic: what fails may have been done in part, and the rest may follow when nobody waits for it. */
function batchFaults(
  by: Caller,
  call: RestCall,
  occurrences: Occurrences,
  scheduler: Scheduler,
): Faults<Answer> {
  const inPart = (code: number, status: string): Fault<Answer> => ({
    answer() {
      begin();
      return refusal(code, status);
    },
  });
  const begin = (): readonly OccurrenceDocument[] => {
    const made: OccurrenceDocument[] = [];
    const { project } = /projects\/(?<project>[^/]+)/.exec(call.path)?.groups ?? {};
    for (const item of itemsOf(call.body)) {
      const create = () => {
        try {
          made.push(occurrences.create(by, project ?? "", item));
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

function said({ method, path, query, body }: RestCall): string {
  const filter = query.get("filter");
  const what = filter === null ? "" : ` ${/kind="(\w+)"/.exec(filter)?.[1] ?? ""}`;
  const items = path.endsWith(":batchCreate") ? ` of ${itemsOf(body).length}` : "";
  return `${method} ${path.slice("/v1/projects/".length)}${what}${items}`;
}
