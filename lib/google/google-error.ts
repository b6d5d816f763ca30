import * as z from "zod/mini";
import { type ErrorCode, VoucherError } from "../errors.ts";

/** An answer of one of Google's APIs that is no success. */
export class GoogleError extends VoucherError {
  readonly httpStatus: number;
  /** `google.rpc.Code` by name, `ALREADY_EXISTS` for example; empty where the answer does not say. */
  readonly status: string;

  constructor(
    code: ErrorCode,
    message: string,
    { httpStatus, status, retryable }: { httpStatus: number; status: string; retryable: boolean },
  ) {
    super(code, message, { retryable });
    this.httpStatus = httpStatus;
    this.status = status;
  }
}

/** What a call was for, in the words of an error: "Container Analysis", "list attestations in project p". */
export interface Purpose {
  readonly api: string;
  readonly action: string;
  /** The IAM permission, and where it must be granted: "containeranalysis.occurrences.list on project p". */
  readonly permission: string;
}

// https://google.aip.dev/193: the JSON form of google.rpc.Status.
const ErrorSchema = z.object({
  error: z.object({ message: z.optional(z.string()), status: z.optional(z.string()) }),
});

const LONGEST_MESSAGE = 400;

/** Returns what an answer with `httpStatus` and `body` (parsed, where it was JSON) means, Google's own words included. */
export function toGoogleError(purpose: Purpose, httpStatus: number, body: unknown): GoogleError {
  const parsed = ErrorSchema.safeParse(body);
  const { message = "", status = "" } = parsed.success ? parsed.data.error : {};
  const { code, retryable, advice } = meaningOf(httpStatus, status, purpose.permission);
  const words = readable(message);
  const said = words === "" ? `HTTP ${httpStatus}` : `HTTP ${httpStatus}: ${words}`;
  const sentence = `${purpose.api} refused to ${purpose.action} (${said})${advice === "" ? "" : `; ${advice}`}`;
  return new GoogleError(code, sentence, { httpStatus, status, retryable });
}

interface Meaning {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly advice: string;
}

function meaningOf(httpStatus: number, status: string, permission: string): Meaning {
  if (httpStatus === 401) {
    return permanent(
      "unauthorized",
      "sign in again with gcloud auth application-default login, or check the service account",
    );
  }
  if (httpStatus === 403) return permanent("forbidden", `the caller needs ${permission}`);
  if (httpStatus === 404) return permanent("not-found");
  // ABORTED is a clash of two writers that passes; anything else under 409 says that the thing is there.
  if (httpStatus === 409) return status === "ABORTED" ? PASSING : permanent("conflict");
  if (httpStatus === 408 || httpStatus === 429 || httpStatus >= 500) return PASSING;
  if (httpStatus >= 300 && httpStatus < 400) {
    return permanent("refused", "redirects are not followed; check the endpoint's setting");
  }
  return permanent("internal");
}

const PASSING: Meaning = { code: "unavailable", retryable: true, advice: "" };

function permanent(code: ErrorCode, advice = ""): Meaning {
  return { code, retryable: false, advice };
}

/** One line, of what can be printed. An answer may hold anything, terminal sequences included. */
function readable(message: string): string {
  const line = message
    .replace(/\p{C}+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const characters = [...line];
  return characters.length > LONGEST_MESSAGE ? `${characters.slice(0, LONGEST_MESSAGE).join("")}…` : line;
}
