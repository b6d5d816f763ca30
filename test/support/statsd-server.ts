import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A statsd server that keeps the lines that it is sent. */
export interface StatsdServer {
  /** `127.0.0.1:PORT` */
  readonly addr: string;
  readonly port: number;
  /** The lines so far, as they came: `name:value|type|#tags`. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export async function startStatsdServer(): Promise<StatsdServer> {
  const socket = createSocket("udp4");
  const lines: string[] = [];
  socket.on("message", (datagram) => lines.push(...datagram.toString().split("\n").filter(Boolean)));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  return {
    addr: `127.0.0.1:${port}`,
    port,
    lines,
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}
