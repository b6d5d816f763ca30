import { type ErrorCode, VoucherError } from "../errors.ts";
import { RetryLater } from "../retry.ts";
import type { Answer } from "./exchange.ts";
import { withoutCredentials } from "./redaction.ts";
import { printable } from "./text.ts";

const TIMEOUTS = ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "ETIMEDOUT"];
const BROKEN = [
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "ENOTFOUND",
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "HPE_INVALID_EOF_STATE",
];
/** Nothing that the other side did: this machine has no connection left for now. */
const EXHAUSTED = ["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS"];
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** A URL fit for errors and logs: without user, query and fragment, which may hold credentials. */
export function redact(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What a request to `host` that got no whole answer failed of. */
export function brokenOff(host: string, thrown: unknown): VoucherError {
  if (thrown instanceof VoucherError) return thrown;
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = "code" in cause && cause.code !== undefined ? String(cause.code) : cause.name;
  if (TIMEOUTS.includes(code)) {
    return new VoucherError("timeout", `${host} took too long to answer`, { retryable: true, cause });
  }
  if (BROKEN.includes(code)) {
    const what =
      code === "ECONNREFUSED"
        ? "refused the connection"
        : code === "ENOTFOUND"
          ? "is no known host"
          : "broke off";
    return new VoucherError("network", `${host} ${what} (${code})`, { retryable: true, cause });
  }
  if (EXHAUSTED.includes(code)) {
    const message = `${host} could not be asked, as this machine has no connection left (${code})`;
    return new VoucherError("network", message, { retryable: true, cause });
  }
  if (CERTIFICATE.test(code)) {
    const hint = "for a private certificate authority set NODE_EXTRA_CA_CERTS";
    return new VoucherError("network", `the certificate of ${host} is not trusted (${code}); ${hint}`, {
      cause,
    });
  }
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    const hint = "if it speaks plain http, list it in registry.insecure";
    return new VoucherError("network", `${host} does not speak TLS (${code}); ${hint}`, { cause });
  }
  return new VoucherError("network", `${host} could not be asked (${code})`, { cause });
}

/**
 * What an answer that was not expected means. `hint` says what the user can do where credentials do not suffice; `authorization` is
 * what the request showed, which a server may repeat and an error must not.
 */
export function refusal(
  host: string,
  answer: Answer,
  hint: string,
  authorization: string | undefined,
  code: ErrorCode = codeOf(answer.status),
): VoucherError {
  const said = withoutCredentials(messageIn(answer.bytes), authorization);
  const why = `${host} answered ${answer.status}${said === "" ? "" : ` (${said})`}`;
  if (code !== "unavailable") return new VoucherError(code, `${why}${adviceOn(code, hint)}`);
  const passing = answer.status !== 501 && answer.status !== 505;
  if (passing && answer.retryAfter !== undefined)
    return new RetryLater(code, why, { after: answer.retryAfter });
  return new VoucherError(code, why, { retryable: passing });
}

/** `error` with a sentence that names what it happened to in front. */
export function about(what: string, error: VoucherError, doing = "read"): VoucherError {
  const options = { retryable: error.retryable, cause: error };
  return new VoucherError(error.code, `can't ${doing} ${what}: ${error.message}`, options);
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404 || status === 410) return "not-found";
  if (status === 409 || status === 412) return "conflict";
  if (status === 408 || status === 429 || status >= 500) return "unavailable";
  return "unsupported";
}

function adviceOn(code: ErrorCode, hint: string): string {
  if (code === "unauthorized" || code === "forbidden") return `; ${hint}`;
  if (code === "not-found") return "; check its name, and that it was pushed and not deleted";
  return "";
}

/** The messages of an error answer, by the OCI distribution specification: `{"errors":[{"code","message"}]}`. */
function messageIn(bytes: Uint8Array): string {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return "";
  }
  const errors: unknown = isRecord(document) ? document["errors"] : undefined;
  if (!Array.isArray(errors)) return "";
  const messages = errors
    .slice(0, 3)
    .map((error: unknown) => (isRecord(error) ? printable(error["message"]) : ""));
  return printable(messages.filter((message) => message !== "").join(", "));
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}
