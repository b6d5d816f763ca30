import type { ServerResponse } from "node:http";
import { createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../lib/image/media-types.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { createRegistry, type Registry } from "../../lib/registry/registry.ts";
import { type Listing, type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

const { signal } = new AbortController();
let server: ScriptedRegistry;
let registry: Registry;

beforeEach(async () => {
  server = await scriptedRegistry();
  registry = createRegistry({ backOff: 1 });
});

afterEach(async () => {
  await registry.close();
  await server.close();
});

function image(): Listing {
  return server.image({ os: "linux", architecture: "amd64" });
}

function resolve({ digest }: Listing) {
  return registry.resolve(server.name(`@${digest}`), signal);
}

function answerManifest({ digest }: Listing, answer: (response: ServerResponse) => void): void {
  server.on(`/v2/team/app/manifests/${digest}`, (_, response) => answer(response));
}

/** Writes as fast as the other side reads, for as long as it does. Returns how many bytes were taken. */
function pour(response: ServerResponse, piece: Buffer): { taken: number } {
  const poured = { taken: 0 };
  const more = () => {
    while (!response.destroyed && response.write(piece)) poured.taken += piece.byteLength;
    poured.taken += piece.byteLength;
  };
  response.on("drain", more);
  more();
  return poured;
}

describe("content that is not what its digest names", () => {
  it("is refused, asked for once, and says what was sent instead", async () => {
    const wanted = image();
    const other = Buffer.from("{}");
    answerManifest(wanted, (response) => response.end(other));

    await expect(resolve(wanted)).rejects.toMatchObject({
      code: "digest-mismatch",
      retryable: false,
      message: expect.stringContaining(digestOf(other)),
    });
    expect(server.seen).toHaveLength(1);
  });

  it("is refused for a config too", async () => {
    const wanted = image();
    server.on("/v2/team/app/blobs/*", (_, response) => response.end('{"os":"linux","architecture":"amd64"}'));
    await expect(resolve(wanted)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("is refused whichever byte of a manifest is changed, and however", async () => {
    const wanted = server.manifest(
      {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: server.blob({ os: "linux", architecture: "amd64" }),
        layers: [],
      },
      { tag: "good" },
    );
    const bytes = Buffer.from(
      await (await fetch(`http://${server.host}/v2/team/app/manifests/good`)).arrayBuffer(),
    );
    const at = fc.nat({ max: bytes.byteLength - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (where, change) => {
        const mutated = Buffer.from(bytes);
        mutated[where] = (bytes[where] ?? 0) ^ change;
        answerManifest(wanted, (response) => response.setHeader("content-type", OCI_MANIFEST).end(mutated));
        await expect(resolve(wanted)).rejects.toMatchObject({ code: "digest-mismatch" });
      }),
    );
  });

  it("is refused for a tag whose digest the registry states wrongly", async () => {
    image();
    server.on("/v2/team/app/manifests/v1", (_, response) => {
      response
        .setHeader("docker-content-digest", digestOf(Buffer.from("other")))
        .end('{"schemaVersion":2,"manifests":[]}');
    });
    await expect(registry.resolve(server.name(":v1"), signal)).rejects.toMatchObject({
      code: "digest-mismatch",
    });
  });

  it("is accepted for a tag whose digest the registry states rightly, and kept under it", async () => {
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const digest = digestOf(bytes, "sha512");
    server.on("/v2/team/app/manifests/v1", (_, response) => {
      response.setHeader("docker-content-digest", digest).end(bytes);
    });
    await expect(registry.resolve(server.name(":v1"), signal)).resolves.toMatchObject({
      reference: { digest },
    });
  });
});

describe("a document that others could read otherwise", () => {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };
  const listed = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from("x")), size: 1 };

  it.each([
    ["an index that is a manifest too", { ...index, config: {}, layers: [] }],
    ["Manifests beside manifests", { ...index, Manifests: [] }],
    ["a long s in manifestſ", { ...index, manifestſ: [] }],
    [
      "OS beside a platform's os",
      { ...index, manifests: [{ ...listed, platform: { os: "linux", architecture: "a", OS: "x" } }] },
    ],
    ["Digest beside a child's digest", { ...index, manifests: [{ ...listed, Digest: "x" }] }],
    ["mediatype beside mediaType", { ...index, mediatype: OCI_MANIFEST }],
  ])("is refused: %s", async (_, document) => {
    const wrong = server.manifest(document, { mediaType: OCI_INDEX });
    await expect(resolve(wrong)).rejects.toMatchObject({ code: "malformed", retryable: false });
  });

  it("is a config whose user is given in two spellings", async () => {
    const config = server.blob({ os: "linux", architecture: "amd64", config: { User: "app", user: "root" } });
    const twofold = server.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] });
    await expect(resolve(twofold)).rejects.toMatchObject({ code: "malformed" });
  });

  it.each([
    ["as deep as a manifest can be", `${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}`],
    ["of as many members as a manifest can have", `{"manifests":[${Array(700_000).fill("{}").join()}]}`],
    ["of one long text", `{"mediaType":"${"x".repeat(4_000_000)}"}`],
  ])("is refused without fuss: %s", async (_, document) => {
    const outcome: unknown = await resolve(server.manifest(document, { mediaType: null })).catch(
      (thrown: unknown) => thrown,
    );
    expect(outcome).toMatchObject({ name: "VoucherError", retryable: false });
    expect(String(outcome).length).toBeLessThan(1000);
  });

  it("never ends in an untyped error, whatever JSON it is", async () => {
    const key = fc.constantFrom(
      "schemaVersion",
      "mediaType",
      "manifests",
      "config",
      "layers",
      "subject",
      "digest",
      "size",
      "x",
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(2, OCI_INDEX, OCI_MANIFEST, listed.digest, null, true, -1, 1e300),
        fc.string(),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 5 }),
      ),
    }));
    const document = fc.oneof(
      value,
      fc.record({ schemaVersion: fc.constant(2), manifests: value }),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(document, async (json) => {
        const outcome = await resolve(server.manifest(JSON.stringify(json), { mediaType: null })).catch(
          (thrown: unknown) => thrown,
        );
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(VoucherError);
        if (outcome instanceof VoucherError) expect(outcome.code).not.toBe("internal");
      }),
    );
  });
});

describe("a body", () => {
  it("that never ends is cut off at the limit, with little read beyond it", async () => {
    const wanted = image();
    let poured = { taken: 0 };
    answerManifest(wanted, (response) => {
      poured = pour(response, Buffer.alloc(64 * 1024, 0x20));
    });

    await expect(resolve(wanted)).rejects.toMatchObject({ code: "limit", retryable: false });
    expect(poured.taken).toBeLessThan(32 * 1024 * 1024);
  });

  it("that declares too much is not read at all", async () => {
    const wanted = image();
    answerManifest(wanted, (response) =>
      response.writeHead(200, { "content-length": "9000000000" }).flushHeaders(),
    );
    await expect(resolve(wanted)).rejects.toMatchObject({ code: "limit" });
  });

  it.each(["gzip", "br", "x-unknown"])(
    "that is compressed with %s is refused: it was not asked for",
    async (encoding) => {
      const wanted = image();
      answerManifest(wanted, (response) =>
        response.setHeader("content-encoding", encoding).end(gzipSync("{}")),
      );

      await expect(resolve(wanted)).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining(`compressed answer (${encoding})`),
      });
    },
  );

  it("that is compressed is refused too where a second header says so", async () => {
    const wanted = image();
    answerManifest(wanted, (response) =>
      response.setHeader("content-encoding", ["identity", "gzip"]).end(gzipSync("{}")),
    );
    await expect(resolve(wanted)).rejects.toMatchObject({ code: "unsupported" });
  });

  it("of an error that never ends is not read beyond what an error may have", async () => {
    const wanted = image();
    answerManifest(wanted, (response) => {
      response.writeHead(404);
      pour(response, Buffer.alloc(64 * 1024, 0x20));
    });
    await expect(resolve(wanted)).rejects.toMatchObject({ code: "not-found" });
  });

  it("with endless headers ends in an error", async () => {
    const wanted = image();
    answerManifest(wanted, (response) => response.setHeader("x-long", "x".repeat(200_000)).end("{}"));
    await expect(resolve(wanted)).rejects.toMatchObject({ code: "network" });
  });
});

describe("what speaks no HTTP", () => {
  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.9\r\n"],
    ["a status that is none", "HTTP/1.1 1000 x\r\n\r\n"],
    ["a length below nothing", "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n{}"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    [
      "a switch of protocols",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    [
      "endless trailers",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"x: y\r\n".repeat(9000)}`,
    ],
  ])("is an error that names its host: %s", async (_, bytes) => {
    await using raw = await rawServer((socket) => socket.end(bytes));
    await expect(registry.resolve(parseReference(`${raw.host}/a/b:c`), signal)).rejects.toMatchObject({
      code: "network",
      message: expect.stringMatching(
        new RegExp(`${raw.host} (?:could not be asked|broke off) \\([A-Z]\\w+\\)$`),
      ),
    });
  });
});

describe("a connection that the server would keep for ever", () => {
  it("is kept for a while only, though nothing else closes it", async () => {
    const client = createRegistry({ timeouts: { connect: 1000, idle: 200, answer: 1000 } });
    let open = 0;
    await using raw = await rawServer((socket) => {
      open += 1;
      socket.on("close", () => {
        open -= 1;
      });
      socket.write("HTTP/1.1 404 no\r\nKeep-Alive: timeout=600\r\nContent-Length: 0\r\n\r\n");
    });

    await client.resolve(parseReference(`${raw.host}/a/b:c`), signal).catch(() => {});

    expect(open).toBe(1);
    await expect.poll(() => open, { timeout: 5000 }).toBe(0);
    await client.close();
  });
});

/** Answers the first bytes of each connection in its own way. */
async function rawServer(answer: (socket: Socket) => void) {
  const server = createServer(
    (socket) => void socket.on("error", () => {}).once("data", () => answer(socket)),
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => void server.close(() => closed())),
  };
}
