import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A proxy of a test, on loopback. */
export interface TestProxy {
  readonly url: string;
  /** `host:port` of every tunnel that was asked for (CONNECT), and the address of every request that was handed over. */
  readonly asked: readonly string[];
  /** The `Proxy-Authorization` that came with the last of them. */
  authorization(): string | undefined;
  close(): Promise<void>;
}

/** Where `host:port` leads to: an address on loopback, or the status that a tunnel there is refused with. */
export type Lead = (asked: string) => string | number;

/** Starts a proxy (RFC 9110, section 9.3.6). Requests that are no CONNECT are answered by `hand`: by itself, with `{}`. */
export async function startProxy(lead: Lead, hand: RequestListener = answerNothing): Promise<TestProxy> {
  const open = new Set<Socket>();
  const asked: string[] = [];
  let authorization: string | undefined;
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    authorization = request.headers["proxy-authorization"];
    hand(request, response);
  });
  server.on("connect", ({ url = "", headers }, client: Socket) => {
    asked.push(url);
    authorization = headers["proxy-authorization"];
    const to = lead(url);
    keep(client);
    if (typeof to === "number") {
      client.end(`HTTP/1.1 ${to} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const [hostname = "", port = ""] = to.split(":");
    const there = connect(Number(port), hostname, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      there.pipe(client).pipe(there);
    });
    keep(there);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function keep(socket: Socket): void {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    authorization: () => authorization,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const answerNothing: RequestListener = (_, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
};
