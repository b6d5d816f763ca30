import type { Answer, Request } from "../../lib/registry/exchange.ts";

/** Lives where registries send everybody who wants a token. */
export const TOKEN_HOST = "auth.example";

/** A token server, and what registries ask it. */
export interface Tokens {
  isToken(url: URL): boolean;
  /** Gives out a token for what is asked. */
  give(url: URL): Answer;
  /** The answer to a request without a token that is good here and now; `undefined` for one that has it. */
  challenge(request: Pick<Request, "url" | "headers">, repository: string): Answer | undefined;
}

interface Token {
  readonly scope: string;
  readonly until: number;
}

/** Tokens that are good for `seconds`, by the registry's clock; without, nobody has to show any. */
export function createTokens(seconds: number | undefined, now: () => number): Tokens {
  const given = new Map<string, Token>();
  const scopeOf = (repository: string) => `repository:${repository}:pull`;
  return {
    isToken: (url) => url.host === TOKEN_HOST,
    give(url) {
      const token = `token-${given.size + 1}`;
      given.set(token, {
        scope: url.searchParams.get("scope") ?? "",
        until: now() + (seconds ?? 0) * 1000,
      });
      const bytes = Buffer.from(JSON.stringify({ token, expires_in: seconds }));
      return { status: 200, headers: { "content-type": "application/json" }, bytes };
    },
    challenge({ url, headers }, repository) {
      const shown = given.get((headers["authorization"] ?? "").replace("Bearer ", ""));
      const isGood = shown !== undefined && shown.scope === scopeOf(repository) && shown.until > now();
      if (seconds === undefined || isGood) return undefined;
      const challenge = `Bearer realm="https://${TOKEN_HOST}/token",service="${url.host}",scope="${scopeOf(repository)}"`;
      const bytes = Buffer.from('{"errors":[{"message":"authentication required"}]}');
      return { status: 401, headers: { "www-authenticate": challenge }, bytes };
    },
  };
}
