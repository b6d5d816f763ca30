import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** A proxy on loopback that leads every connection (CONNECT) to `host`, whatever was asked for. */
export async function tunnelTo(host: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const [hostname = "", port = ""] = host.split(":");
  const open = new Set<Socket>();
  const server = createServer().on("connect", (_, client: Socket) => {
    const there = connect(Number(port), hostname, () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      there.pipe(client).pipe(there);
    });
    for (const socket of [client, there]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => open.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
