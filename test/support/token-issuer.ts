import { randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./certificate.ts";

/** What the issuer was asked for. */
export interface TokenAsked {
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
}

/**
 * A token server on loopback by the Distribution project's token specification: whoever asks for something gets a token for
 * that and nothing else, and it is noted. Its tokens are ES256, and carry its certificate (`x5c`).
 */
export async function startIssuer(certificate: Certificate, issuer: string) {
  const asked: TokenAsked[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://issuer");
    const scopes = searchParams.getAll("scope");
    asked.push({ scopes, authorization: request.headers.authorization });
    const access = scopes.flatMap((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return type === "repository" ? [{ type, name, actions: actions.split(",") }] : [];
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      sub: "",
      aud: searchParams.get("service"),
      iat: now,
      nbf: now - 10,
      exp: now + 300,
      jti: randomUUID(),
      access,
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ token: jwt(certificate, claims), expires_in: 300 }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    asked,
    async close(): Promise<void> {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function jwt({ key, cert }: Certificate, claims: object): string {
  const x5c = [cert.replace(/-----[A-Z ]+-----|\s/g, "")];
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ typ: "JWT", alg: "ES256", x5c })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}
