import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A registry that never stops answering, as a process of its own, so that its memory is not the client's: in pieces of
 * one byte, each framed by itself, as many as a connection takes.
 */
const pieces = Buffer.from("1\r\n \r\n".repeat(10_000));

const server = createServer((request) => {
  const { socket } = request;
  socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  const more = () => {
    while (socket.writable && socket.write(pieces));
  };
  socket.on("drain", more).on("error", () => {});
  more();
});

server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
