import { VoucherError } from "../../lib/errors.ts";
import type { Answer, Request } from "../../lib/registry/exchange.ts";
import type { Transport } from "../../lib/registry/transport.ts";
import type { Contents, StoredDocument } from "./contents.ts";
import type { Place } from "./history.ts";
import type { Random } from "./random.ts";
import { TOKEN_HOST, type Tokens } from "./tokens.ts";
import type { Caller, Faults, Wire } from "./wire.ts";

/** A registry, or several: what is uploaded to a repository can be read from there, and nowhere else. */
export interface SimulatedRegistry {
  upload(place: Place): void;
  /** How an instance reaches it. */
  transportOf(by: Caller): Transport;
}

/** Is told what an instance asks, and what it is told. */
export interface RegistryWatch {
  /** `document` is the repository's full name, the kind and the digest. */
  asked(by: Caller, document: string): void;
  /** The answer arrived whole, or it will never arrive. */
  answered(by: Caller, document: string, whole: boolean): void;
}

/** As the real transport allows for one answer. */
const ANSWER_MS = 30_000;

export interface RegistryOptions {
  readonly wire: Wire;
  readonly random: Random;
  readonly contents: Contents;
  readonly tokens: Tokens;
  readonly watch: RegistryWatch;
}

export function createRegistry(options: RegistryOptions): SimulatedRegistry {
  const { wire, random, contents, tokens, watch } = options;
  const documents = new Map<string, StoredDocument>();

  function find(document: string): Answer {
    const found = documents.get(document);
    return found === undefined ? refusal(404, "it is not here") : whole(found);
  }

  /** What somebody who meddles sends instead: a document of its kind, and a sound one. */
  function another(document: string): Answer {
    const [repository = "", kind = ""] = document.split(" ");
    const others = [...documents.keys()].filter(
      (key) => key !== document && key.startsWith(`${repository} ${kind} `),
    );
    const { headers, ...answer } = find(random.any(others) ?? document);
    return { ...answer, headers: { "content-type": headers["content-type"] } };
  }

  function answer(request: Request, document: string): Answer {
    if (tokens.isToken(request.url)) return tokens.give(request.url);
    const [place = ""] = document.split(" ");
    return tokens.challenge(request, place.slice(place.indexOf("/") + 1)) ?? find(document);
  }

  function faultsOf(url: URL, document: string): Faults<Answer> {
    if (tokens.isToken(url)) return REFUSALS;
    return [
      ...REFUSALS,
      { answer: () => refusal(404, "not replicated yet"), as: "not-found" },
      { answer: () => another(document), as: "digest-mismatch" },
    ];
  }

  async function send(by: Caller, request: Request, signal: AbortSignal): Promise<Answer> {
    const { url } = request;
    const document = documentOf(url);
    watch.asked(by, document);
    let isWhole = false;
    try {
      const answered = await wire(by, {
        port: "registry",
        what: () => `GET ${said(document, contents)}`,
        signal,
        serve: () => answer(request, document),
        faults: faultsOf(url, document),
        broken: () => broken(url.host),
        late: { after: ANSWER_MS, error: () => late(url.host) },
      });
      isWhole = answered.status === 200 && documents.get(document)?.bytes === answered.bytes;
      return answered;
    } finally {
      watch.answered(by, document, isWhole);
    }
  }

  return {
    upload({ repository, content }) {
      for (const one of contents.documentsOf(content)) {
        documents.set(`${repository} ${one.kind} ${one.digest}`, one);
      }
    },
    transportOf: (by) => ({
      send: (request, signal) => send(by, request, signal),
      isInward: () => false,
      close: async () => {},
    }),
  };
}

const REFUSALS: Faults<Answer> = [
  { answer: () => refusal(500, "out of order") },
  { answer: () => refusal(503, "busy") },
  { answer: () => ({ ...refusal(429, "too many"), retryAfter: 5000 }) },
  { answer: () => refusal(401, "who are you?") },
  { answer: () => refusal(403, "not for you") },
  { answer: () => refusal(502, "the other side is down") },
];

/** `host/repository manifests sha256:…` */
function documentOf({ host, pathname, search }: URL): string {
  if (host === TOKEN_HOST) return `${host}/token ${search}`;
  const [, repository = "", kind = "", digest = ""] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
  return `${host}/${repository} ${kind} ${digest}`;
}

function said(document: string, contents: Contents): string {
  const [repository = "", kind = "", digest = ""] = document.split(" ");
  return `${repository.split("/").at(-1)} ${kind} ${contents.nameOf(digest)}`;
}

function whole({ bytes, mediaType, digest }: StoredDocument): Answer {
  const headers = { "content-type": mediaType, "docker-content-digest": digest };
  return { status: 200, headers, bytes };
}

function refusal(status: number, message: string): Answer {
  return { status, headers: {}, bytes: Buffer.from(JSON.stringify({ errors: [{ message }] })) };
}

function broken(host: string): VoucherError {
  return new VoucherError("network", `${host} broke off`, { retryable: true });
}

function late(host: string): VoucherError {
  return new VoucherError("timeout", `${host} took too long`, { retryable: true });
}
