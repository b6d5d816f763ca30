import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import type { Certificate } from "./certificate.ts";

/** Speaks TLS on a port of its own for the plain server at `host`. Returns where: `127.0.0.1:PORT`. */
export async function tlsInFrontOf(
  host: string,
  certificate: Certificate,
): Promise<{ readonly host: string; close(): Promise<void> }> {
  const [hostname = "", port = ""] = host.split(":");
  const open = new Set<Socket>();
  const server = createServer(certificate, (client) => {
    const there = connect(Number(port), hostname);
    for (const socket of [client, there]) {
      open.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          open.delete(socket);
          client.destroy();
          there.destroy();
        });
    }
    there.pipe(client).pipe(there);
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
