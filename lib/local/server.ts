import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { VoucherError } from "../errors.ts";
import { Traffic } from "./traffic.ts";

export interface LocalRequest {
  readonly method: string;
  /** As it was sent, without the query: neither decoded nor normalised. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  /** Promises the whole body, sends half of it and breaks the connection. */
  readonly cut?: boolean;
}

/**
 * Sees each request before the server does. It may wait, answer in the server's place, or return `"drop"` to break the
 * connection without an answer; with `undefined` the server answers.
 */
export type Before = (request: LocalRequest) => BeforeAnswer | Promise<BeforeAnswer>;
type BeforeAnswer = Answer | "drop" | undefined;

export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  readonly before?: Before;
}

/** What one embedded server does with requests. */
export interface Service {
  /** What a request is counted as. */
  kindOf(request: LocalRequest): string;
  /** Throws {@link Refusal} to answer with an error. */
  answer(request: LocalRequest): Answer | Promise<Answer>;
  /** A refusal in the error format of the protocol. */
  refuse(refusal: Refusal): Answer;
}

/** A request that is answered with an error. `code` is the protocol's own word for it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface LocalServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly traffic: Traffic;
  /** Ends every connection; returns when the port is free. */
  close(): Promise<void>;
}

const LARGEST_BODY = 64 * 1024 * 1024;

/** Serves `service` on 127.0.0.1. Throws `usage` where the port is taken. */
export async function listen(
  service: Service,
  { port = 0, before }: ServerOptions = {},
): Promise<LocalServer> {
  const traffic = new Traffic();
  const server = createServer((incoming, outgoing) => {
    // `serve` settles every fault itself, so there is nothing to await here.
    void serve(service, traffic, before, incoming, outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new VoucherError("usage", `can't listen on 127.0.0.1:${port}; choose another port`, { cause }));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : port}`;
  return {
    host,
    url: `http://${host}`,
    traffic,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns an answer of `value` as JSON. */
export function json(
  status: number,
  value: unknown,
  headers: { readonly [name: string]: string } = {},
): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}

async function serve(
  service: Service,
  traffic: Traffic,
  before: Before | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = withoutBody(incoming);
  const ended = traffic.began({ method: request.method, kind: service.kindOf(request), path: request.path });
  try {
    send(await answerOf(service, before, incoming, request), outgoing);
  } catch {
    // The client broke off while it was sending.
    outgoing.destroy();
  } finally {
    ended();
  }
}

async function answerOf(
  service: Service,
  before: Before | undefined,
  incoming: IncomingMessage,
  bare: LocalRequest,
): Promise<Answer | "drop"> {
  const body = await readBody(incoming);
  if (body === undefined)
    return service.refuse(new Refusal(413, `the body is larger than ${LARGEST_BODY} bytes`));
  const request = { ...bare, body };
  try {
    return (await before?.(request)) ?? (await service.answer(request));
  } catch (thrown) {
    return service.refuse(thrown instanceof Refusal ? thrown : new Refusal(500, String(thrown)));
  }
}

function withoutBody({ method = "GET", url = "/", headers }: IncomingMessage): LocalRequest {
  const [path = "/", query] = url.split(/\?(.*)/s, 2);
  return { method, path, query: new URLSearchParams(query), headers, body: Buffer.alloc(0) };
}

/** Returns `undefined` for a body that is too large, once it has been read to its end: else its sender sees no answer. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  return size <= LARGEST_BODY ? Buffer.concat(chunks) : undefined;
}

function send(answer: Answer | "drop", outgoing: ServerResponse): void {
  if (answer === "drop") {
    outgoing.destroy();
    return;
  }
  const body = Buffer.from(answer.body ?? "");
  const length = answer.status === 204 ? {} : { "content-length": String(body.length) };
  outgoing.writeHead(answer.status, { ...length, ...answer.headers });
  if (answer.cut) outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
  else outgoing.end(body);
}
