import { once } from "node:events";
import { createServer } from "node:http";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { pointsIn, type ReceivedPoint, type ReceivedSpan, spansIn } from "./otlp.ts";

/** An OpenTelemetry collector that keeps what it is sent. */
export interface Collector {
  /** `grpc://127.0.0.1:PORT` or `http://127.0.0.1:PORT`. */
  readonly addr: string;
  readonly spans: readonly ReceivedSpan[];
  /** As they came; counts are sums so far, so the last of a name and its attributes is what counts. */
  readonly points: readonly ReceivedPoint[];
  /** The requests so far: the paths below the address, or the methods. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface CollectorOptions {
  /** Is waited for before each answer. */
  readonly before?: () => Promise<void>;
}

class Received {
  readonly spans: ReceivedSpan[] = [];
  readonly points: ReceivedPoint[] = [];
  readonly requests: string[] = [];

  take(name: string, body: Uint8Array): void {
    this.requests.push(name);
    if (/trace/i.test(name)) this.spans.push(...spansIn(body));
    else this.points.push(...pointsIn(body));
  }
}

/** Speaks OTLP over HTTP, in protobuf; answers 415 to everything else. */
export async function startHttpCollector({
  before = async () => {},
}: CollectorOptions = {}): Promise<Collector> {
  const received = new Received();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    await before();
    const isProtobuf = request.headers["content-type"] === "application/x-protobuf";
    if (isProtobuf) received.take(request.url ?? "", Buffer.concat(chunks));
    response.writeHead(isProtobuf ? 200 : 415, { "content-type": "application/x-protobuf" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    addr: `http://127.0.0.1:${address.port}`,
    ...received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/** Speaks OTLP over gRPC, in the clear. */
export async function startGrpcCollector({
  before = async () => {},
}: CollectorOptions = {}): Promise<Collector> {
  const received = new Received();
  const server = new Server();
  for (const path of [TRACES, METRICS]) {
    const name = path.split(".").at(-1) ?? path;
    const methods: UntypedServiceImplementation = {
      // An empty message: everything was accepted.
      export: (call: { request: Buffer }, done: (fault: null, answer: Buffer) => void) => {
        received.take(name, call.request);
        void before().then(() => done(null, Buffer.alloc(0)));
      },
    };
    server.addService(serviceAt(path), methods);
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (fault, bound) =>
      fault === null ? resolve(bound) : reject(fault),
    ),
  );
  return {
    addr: `grpc://127.0.0.1:${port}`,
    ...received,
    close: async () => server.forceShutdown(),
  };
}

function serviceAt(path: string) {
  const asItIs = (bytes: Buffer) => bytes;
  return {
    export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    },
  };
}
