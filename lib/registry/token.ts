import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { parseJson } from "../image/json.ts";
import type { Credentials } from "./credentials.ts";
import type { Answer, Request } from "./exchange.ts";
import { refusal } from "./failure.ts";
import { TOKEN_BYTES } from "./limits.ts";
import type { Realm } from "./realm.ts";
import { follow } from "./redirect.ts";
import type { Transport } from "./transport.ts";

/** What a token is asked for. */
export interface TokenRequest {
  readonly realm: Realm;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** What the user can do if it is refused. */
  readonly advice: string;
}

export interface Token {
  readonly token: string;
  /** Milliseconds for which it may be used, counted from before it was asked for. */
  readonly lasts: number;
}

const SHORTEST = 60;
const LONGEST = 3600;
/** What Docker's clients call themselves where the identity token stands in for a password. */
const TOKEN_USER = "<token>";
/** Answers by which a token server says that it knows only the older way. */
const NO_OAUTH2 = [400, 404, 405, 415, 501];

const TokenAnswer = z.object({
  token: z.optional(z.string()),
  access_token: z.optional(z.string()),
  expires_in: z.optional(z.number()),
});

/** What the token server was shown, in the form of a header. */
function shownBy(credentials: TokenRequest["credentials"]): string | undefined {
  if (credentials === undefined) return undefined;
  return "identityToken" in credentials ? `Bearer ${credentials.identityToken}` : basicOf(credentials);
}

/**
 * Gets a token as the Distribution project's token specification says: GET with Basic where there are credentials; for an
 * identity token by OAuth2 (POST), and by GET where the server does not know that.
 */
export async function fetchToken(
  transport: Transport,
  asked: TokenRequest,
  signal: AbortSignal,
): Promise<Token> {
  const { credentials, realm, advice } = asked;
  let answer: Answer | undefined;
  if (credentials !== undefined && "identityToken" in credentials) {
    answer = await send(transport, oauth2Request(asked, credentials.identityToken), signal);
    if (NO_OAUTH2.includes(answer.status)) answer = undefined;
  }
  answer ??= await send(transport, getRequest(asked), signal);
  if (answer.status !== 200) {
    // That there is no such token server says nothing of the image.
    const code = answer.status === 404 ? "unauthorized" : undefined;
    throw refusal(`the token server ${realm.url.host}`, answer, advice, shownBy(credentials), code);
  }
  return parseToken(answer, realm.url.host);
}

async function send(transport: Transport, request: Request, signal: AbortSignal): Promise<Answer> {
  const rules = { mayBePlain: () => false, away: () => "public" as const };
  return (await follow(transport, request, rules, signal)).answer;
}

function getRequest({ realm, service, scopes, credentials }: TokenRequest): Request {
  const url = new URL(realm.url);
  url.hash = "";
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers = credentials === undefined ? {} : { authorization: basicOf(credentials) };
  return { url, reach: realm.reach, headers, most: most(url) };
}

function oauth2Request({ realm, service, scopes }: TokenRequest, identityToken: string): Request {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: identityToken,
    client_id: "voucher",
  });
  if (service !== undefined) form.set("service", service);
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  return {
    url: realm.url,
    reach: realm.reach,
    headers: {},
    method: "POST",
    body: form,
    most: most(realm.url),
  };
}

function most(url: URL): Request["most"] {
  const message = `the token server ${url.host} answered with more than ${TOKEN_BYTES} bytes`;
  return { bytes: TOKEN_BYTES, error: () => new VoucherError("limit", message) };
}

function parseToken({ bytes }: Answer, host: string): Token {
  const data = readAnswer(bytes);
  const token = data?.token || data?.access_token;
  // It becomes a header, so it must not be able to end one.
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new VoucherError("malformed", `the token server ${host} answered without a usable token`);
  }
  const seconds = Math.min(Math.max(data?.expires_in ?? SHORTEST, SHORTEST), LONGEST);
  // Renewed early, so that none runs out between being sent and being read.
  return { token, lasts: seconds * 1000 * 0.8 };
}

function readAnswer(bytes: Uint8Array): z.infer<typeof TokenAnswer> | undefined {
  try {
    return TokenAnswer.safeParse(parseJson(bytes)).data;
  } catch {
    return undefined;
  }
}

/** RFC 7617. */
export function basicOf(credentials: Credentials): string {
  const { username, password } =
    "identityToken" in credentials
      ? { username: TOKEN_USER, password: credentials.identityToken }
      : credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
