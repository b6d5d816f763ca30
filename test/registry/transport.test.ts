import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import { createTransport, type Transport } from "../../lib/registry/transport.ts";
import { selfSigned } from "../support/certificate.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

let inside: ScriptedRegistry;
let transport: Transport;

beforeEach(async () => {
  inside = await scriptedRegistry(selfSigned(["localhost", "127.0.0.1"]));
  transport = createTransport({ perHost: 8 });
});

afterEach(async () => {
  await transport.close();
  await inside.close();
});

function send(url: string) {
  const most = { bytes: 100, error: () => new VoucherError("limit", "too much") };
  const request = { url: new URL(url), reach: "public" as const, headers: {}, most };
  return transport.send(request, AbortSignal.timeout(5000));
}

describe("a request that may reach public addresses only: a token's, or one that was redirected", () => {
  it.each([
    "localhost",
    "LOCALHOST",
    "127.0.0.1",
    "127.1",
    "0",
    "0x7f000001",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
  ])("makes no connection to %s, a name or an address that leads inside", async (hostname) => {
    const url = `https://${hostname}:${inside.host.split(":")[1]}/`;
    await expect(send(url)).rejects.toMatchObject({ code: "refused", retryable: false });
    expect(inside.seen).toHaveLength(0);
  });
});
