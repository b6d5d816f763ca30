import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchToken } from "../../lib/registry/token.ts";
import { createTransport, type Transport } from "../../lib/registry/transport.ts";
import { type ScriptedRegistry, scriptedRegistry } from "../support/scripted-registry.ts";

let server: ScriptedRegistry;
let transport: Transport;

beforeEach(async () => {
  server = await scriptedRegistry();
  transport = createTransport({ perHost: 8 });
});

afterEach(async () => {
  await transport.close();
  await server.close();
});

function fetchFrom(path: string) {
  const asked = {
    realm: { url: new URL(`http://${server.host}${path}`), reach: "anywhere" as const },
    service: "registry",
    scopes: ["repository:a:pull"],
    credentials: undefined,
    advice: "sign in",
  };
  return fetchToken(transport, asked, new AbortController().signal);
}

describe("a token", () => {
  it.each([
    ["is not said", undefined, 48_000],
    ["is shorter than a minute, which the specification forbids", 5, 48_000],
    ["is five minutes", 300, 240_000],
    ["is a year, in which it could be revoked", 31_536_000, 2_880_000],
    ["is no time", -1, 48_000],
  ])(
    "whose lifetime %s (%s s) is used for %d milliseconds, so that it is renewed early",
    async (_, expires_in, lasts) => {
      server.on("/token*", (__, response) => void response.end(JSON.stringify({ token: "t", expires_in })));
      await expect(fetchFrom("/token")).resolves.toEqual({ token: "t", lasts });
    },
  );

  it("is `token` where a server gives both names, and `access_token` where `token` is empty", async () => {
    server.on("/both*", (_, response) => void response.end('{"token":"a","access_token":"b"}'));
    server.on("/empty*", (_, response) => void response.end('{"token":"","access_token":"b"}'));
    await expect(fetchFrom("/both")).resolves.toMatchObject({ token: "a" });
    await expect(fetchFrom("/empty")).resolves.toMatchObject({ token: "b" });
  });

  it("is asked for with what the realm's own query says", async () => {
    server.on("/token*", (_, response) => void response.end('{"token":"t"}'));
    await fetchFrom("/token?tenant=mine&service=other#part");
    expect(server.seen[0]?.path).toBe("/token?tenant=mine&service=registry&scope=repository%3Aa%3Apull");
  });
});
