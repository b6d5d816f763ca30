import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands in front of a server, at an address of its own, and can be cut off from it. */
export interface Front {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** From now on every connection is broken, those that are open too. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** A front of the server at `host`, which passes on every byte. */
export async function frontOf(host: string): Promise<Front> {
  const [hostname = "", port = ""] = host.split(":");
  const open = new Set<Socket>();
  let isCut = false;
  const breakAll = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
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
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      breakAll();
    },
    restore() {
      isCut = false;
    },
    async close() {
      breakAll();
      server.close();
      await once(server, "close");
    },
  };
}
