import { onTestFinished } from "vitest";
import type { Attestation } from "../../lib/attest/attestation.ts";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { createGrafeasClient } from "../../lib/grafeas/client.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, parseCanonical } from "../../lib/image/reference.ts";
import { type GrafeasOptions, startGrafeas } from "../../lib/local/grafeas.ts";
import type { Answer, LocalRequest } from "../../lib/local/server.ts";
import type { AttestationStore, PutAnswer } from "../../lib/ports.ts";
import { createGrafeasStore } from "../../lib/store/grafeas.ts";
import { refusal, restTo, scripted } from "../google/scripted.ts";

export const PROJECT = "binauth";
export const CHECKS = ["nobody", "diy"];

export type Kind = "list" | "batch" | "create" | "patch" | "other";

/** What becomes of a request on its way: an answer before the server sees it, or one in place of the server's own. */
export interface Fault {
  readonly kind: Kind;
  readonly before?: Answer | "drop";
  readonly after?: Answer | "drop";
  /** How often it strikes. */
  readonly times?: number;
}

/** A store on the embedded Grafeas with the notes of two checks, and, on the way to it, `faults`. */
export async function startStack(options: GrafeasOptions = {}, faults: readonly Fault[] = []) {
  const notes = CHECKS.map((check) => `projects/${PROJECT}/notes/${check}`);
  const grafeas = await startGrafeas({ notes, ...options });
  onTestFinished(() => grafeas.close());
  const left = new Map(faults.map((fault) => [fault, fault.times ?? 1]));
  const takeFault = (kind: Kind) => {
    const [fault, times] = [...left].find(([fault, times]) => fault.kind === kind && times > 0) ?? [];
    if (fault !== undefined && times !== undefined) left.set(fault, times - 1);
    return fault;
  };
  const { requests, endpoint } = await scripted(async (request) => {
    const fault = takeFault(kindOf(request));
    if (fault?.before !== undefined) return fault.before;
    const answer = await forward(grafeas.url, request);
    return fault?.after ?? answer;
  });
  const client = createGrafeasClient({ rest: restTo(endpoint) });
  return {
    grafeas,
    client,
    store: createGrafeasStore({ project: PROJECT, client, backOff: 5 }),
    requests,
    /** How many requests of a kind were made. */
    count: (kind: Kind) => requests.filter((request) => kindOf(request) === kind).length,
  };
}

/** Image number `number`. */
export function image(number: number): Canonical {
  return parseCanonical(`gcr.io/project/app@${digestOf(Buffer.from(`image ${number}`))}`);
}

export function attestationOf(subject: Canonical, checkName = "nobody", by = "us"): Attestation {
  const signature = { bytes: Buffer.from(`${by} ${checkName} ${subject.digest}`), keyId: `key of ${by}` };
  return { checkName, subject, payload: binauthzPayload(subject), signature };
}

/** Each of `count` images, attested by both checks. */
export function attestations(count: number, by = "us"): readonly Attestation[] {
  const subjects = Array.from({ length: count }, (_, at) => image(at));
  return subjects.flatMap((subject) => CHECKS.map((check) => attestationOf(subject, check, by)));
}

function kindOf({ method, path }: LocalRequest): Kind {
  if (path.endsWith(":batchCreate")) return "batch";
  if (method === "PATCH") return "patch";
  if (!path.endsWith("/occurrences")) return "other";
  return method === "GET" ? "list" : "create";
}

async function forward(url: string, { method, path, query, body, headers }: LocalRequest): Promise<Answer> {
  const response = await fetch(`${url}${path}?${query}`, {
    method,
    headers: { "content-type": headers["content-type"] ?? "" },
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    headers: { "content-type": "application/json" },
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

export const unhurried = () => new AbortController().signal;
export const put = (store: AttestationStore, all: readonly Attestation[]) =>
  store.put(
    all.map((attestation) => ({ attestation })),
    unhurried(),
  );
export const statuses = (answers: readonly PutAnswer[]) => answers.map(({ status }) => status);
export const all = (status: PutAnswer["status"], count: number) =>
  Array.from({ length: count }, () => status);

/** Every way in which a server or the connection to it may fail for a while. */
export const FAULTS: readonly (readonly [string, NonNullable<Fault["before"]>])[] = [
  ["429", refusal(429, "RESOURCE_EXHAUSTED")],
  ["500", refusal(500, "INTERNAL")],
  ["503", refusal(503, "UNAVAILABLE")],
  ["a reset", "drop"],
  ["half an answer", { status: 200, body: '{"occurrences":[{' }],
  ["a broken connection", { status: 200, body: "x".repeat(1000), cut: true }],
  ["another document", { status: 200, body: '{"hello":1}' }],
];
