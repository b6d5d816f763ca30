import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Answer, json, type LocalServer, listen } from "../../lib/local/server.ts";

/** A stand-in for what signs Google's identity tokens: it serves its keys as Google does, by key id. */
export interface GoogleIssuer {
  readonly certificates: string;
  /** How often the certificates were asked for. */
  readonly asked: () => number;
  /** A token with these claims over those of a good one. */
  token(
    claims?: object,
    how?: { readonly kid?: string; readonly alg?: string; readonly key?: KeyObject },
  ): string;
  close(): Promise<void>;
}

export const AUDIENCE = "https://voucher.example.com";
export const EMAIL = "ci@project.iam.gserviceaccount.com";
const KID = "key-1";

/** Without `answer` the keys are served, to be kept for an hour. */
export async function startGoogleIssuer(answer?: Answer): Promise<GoogleIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  let asked = 0;
  const server: LocalServer = await listen({
    kindOf: () => "certificates",
    refuse: ({ status, message }) => json(status, { message }),
    answer() {
      asked += 1;
      if (answer !== undefined) return answer;
      const headers = { "content-type": "application/json", "cache-control": "public, max-age=3600" };
      return { status: 200, headers, body: JSON.stringify({ [KID]: pem }) };
    },
  });
  return {
    certificates: `${server.url}/oauth2/v1/certs`,
    asked: () => asked,
    token(claims = {}, { kid = KID, alg = "RS256", key = privateKey } = {}) {
      const signed = `${part({ alg, kid, typ: "JWT" })}.${part({ ...goodClaims(), ...claims })}`;
      return `${signed}.${signatureOf(signed, alg, key, pem)}`;
    },
    close: server.close,
  };
}

function goodClaims(): object {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    sub: "1",
    email: EMAIL,
    email_verified: true,
    iat: now,
    exp: now + 3600,
  };
}

function signatureOf(signed: string, alg: string, key: KeyObject, pem: string): string {
  if (alg === "none") return "AA";
  // The known trick: to take a public key for the secret of an HMAC.
  if (alg === "HS256") return createHmac("sha256", pem).update(signed).digest("base64url");
  return sign("sha256", Buffer.from(signed), key).toString("base64url");
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
