import { createVerify } from "node:crypto";
import { schema as published } from "@octokit/graphql-schema";
import { buildSchema, execute, type GraphQLSchema, parse, validate } from "graphql";
import {
  type Answer,
  type Before,
  json,
  type LocalRequest,
  listen,
  Refusal,
} from "../../lib/local/server.ts";
import { type FakeRepository, githubGraph } from "./github-graph.ts";

export interface FakeGitHub {
  /** For `github.endpoint`. */
  readonly endpoint: string;
  /** Every request, in order. */
  readonly requests: readonly LocalRequest[];
  /** The names of the queries that were asked, in order. */
  readonly queries: readonly string[];
  close(): Promise<void>;
}

export interface FakeGitHubOptions {
  readonly repositories?: readonly FakeRepository[];
  /** The `Authorization` headers that are let in; anybody is without. Tokens of apps are let in besides. */
  readonly authorized?: readonly string[];
  /** The public keys of apps, PEM, by app id. */
  readonly apps?: { readonly [id: string]: string };
  readonly before?: Before;
  /** Nodes a page holds at most; GitHub's own limit is 100. */
  readonly pageSize?: number;
}

let loaded: GraphQLSchema | undefined;

/** GitHub's schema, as it publishes it. It breaks rules of its own, which is why it is taken as it is. */
export function githubSchema(): GraphQLSchema {
  loaded ??= buildSchema(published.idl, { assumeValid: true });
  return loaded;
}

/**
 * GitHub on 127.0.0.1: its GraphQL API, which runs each query against GitHub's published schema, and the sign-in of GitHub
 * Apps. A query that the schema does not allow is answered as GitHub answers it.
 */
export async function fakeGitHub(options: FakeGitHubOptions = {}): Promise<FakeGitHub> {
  const requests: LocalRequest[] = [];
  const queries: string[] = [];
  const issued = new Set<string>();
  const graph = githubGraph(options);
  const signIn = createSignIn(options.apps ?? {}, issued);
  const server = await listen(
    {
      kindOf: ({ path }) => path,
      refuse: ({ status, message }) =>
        json(status, { message, documentation_url: "https://docs.github.com" }),
      async answer(request) {
        const installation = /^\/api\/v3\/app\/installations\/(\d+)\/access_tokens$/.exec(request.path)?.[1];
        if (installation !== undefined) return signIn(request, installation);
        if (request.path !== "/api/graphql") throw new Refusal(404, "Not Found");
        const { authorization = "" } = request.headers;
        const known = options.authorized === undefined || options.authorized.includes(authorization);
        if (!known && !issued.has(authorization.replace(/^bearer /i, ""))) {
          throw new Refusal(401, "Bad credentials");
        }
        return answer(request, graph, queries);
      },
    },
    {
      before: (request) => {
        requests.push(request);
        return options.before?.(request);
      },
    },
  );
  return { endpoint: `${server.url}/api/graphql`, requests, queries, close: () => server.close() };
}

interface Posted {
  readonly query: string;
  readonly variables?: { readonly [name: string]: unknown };
}

async function answer(request: LocalRequest, rootValue: unknown, queries: string[]): Promise<Answer> {
  const { query, variables = {} }: Posted = JSON.parse(request.body.toString());
  const document = parse(query);
  const [definition] = document.definitions;
  if (definition?.kind === "OperationDefinition") queries.push(definition.name?.value ?? "");
  const mistakes = validate(githubSchema(), document);
  if (mistakes.length > 0) {
    const errors = mistakes.map(({ message }) => ({ message, extensions: { code: "undefinedField" } }));
    return json(200, { errors });
  }
  const { data, errors } = await execute({
    schema: githubSchema(),
    document,
    variableValues: variables,
    rootValue,
  });
  // GitHub puts the type of an error beside its message, not under `extensions`.
  const told = errors?.map(({ message, path, extensions }) => ({ ...extensions, message, path }));
  return json(200, told === undefined ? { data } : { data, errors: told });
}

/** https://docs.github.com/apps: an app shows a JWT that it signed, and gets a token for one installation. */
function createSignIn(apps: { readonly [id: string]: string }, issued: Set<string>) {
  return (request: LocalRequest, installation: string): Answer => {
    const jwt = (request.headers.authorization ?? "").replace(/^bearer /i, "");
    const [header = "", payload = "", signature = ""] = jwt.split(".");
    const { iss = "" }: { iss?: string | number } = JSON.parse(
      Buffer.from(payload, "base64url").toString() || "{}",
    );
    const key = apps[iss];
    const signed = createVerify("RSA-SHA256").update(`${header}.${payload}`);
    if (key === undefined || !signed.verify(key, signature, "base64url")) {
      throw new Refusal(401, "A JSON web token could not be decoded");
    }
    const token = `ghs_${installation}_${issued.size + 1}_${"x".repeat(24)}`;
    issued.add(token);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    return json(201, { token, expires_at: expires, permissions: { contents: "read" } });
  };
}
