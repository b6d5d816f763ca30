import { VoucherError } from "../errors.ts";
import { abandoned, timeLimit, untilAborted } from "../retry.ts";

/** What shows Google who is calling. */
export interface Credentials {
  /** An OAuth 2.0 access token that is valid for a while yet. */
  accessToken(signal: AbortSignal): Promise<string>;
  /** The project that calls are counted for, where the credentials name one: people's own credentials must. */
  quotaProject?(signal: AbortSignal): Promise<string | undefined>;
}

const LONGEST_SIGN_IN = 30_000;
const SLOW = `Google gave no access token within ${LONGEST_SIGN_IN / 1000} s; can its token server be reached from here?`;
/** Nobody asks the library for a project; but where it is not given one, it looks for it, by running gcloud even. */
const NO_PROJECT = "none";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/**
 * Application Default Credentials, as Google's library finds them: GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, or
 * the service account that Cloud Run gives. The library is loaded and asked on first use only; it keeps a token until
 * shortly before it expires. Throws `unauthorized` where there are none, or they are refused.
 */
export function applicationDefaultCredentials(): Credentials {
  let found: ReturnType<typeof find> | undefined;
  let asked: Promise<string> | undefined;

  async function find() {
    // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
    const { GoogleAuth } = (await import("google-auth-library")).default;
    try {
      return await new GoogleAuth({ scopes: [SCOPE], projectId: NO_PROJECT }).getClient();
    } catch (cause) {
      throw toVoucherError(cause);
    }
  }

  async function client() {
    const looking = found ?? find();
    found = looking;
    try {
      return await looking;
    } catch (cause) {
      // What is missing now may be there for the next call: a metadata server that just started, a person who signed in.
      if (found === looking) found = undefined;
      throw cause;
    }
  }

  async function ask(): Promise<string> {
    const signedIn = await client();
    const { token } = await signedIn.getAccessToken().catch((cause: unknown) => {
      throw toVoucherError(cause);
    });
    if (!token) throw new VoucherError("unauthorized", `Google gave no access token; ${ADVICE}`);
    return token;
  }

  return {
    async accessToken(signal) {
      if (signal.aborted) throw abandoned(signal);
      // The library sets itself no limit: an answer that never comes must not hold up every later call too.
      asked ??= untilAborted(ask(), timeLimit(LONGEST_SIGN_IN, SLOW)).finally(() => {
        asked = undefined;
      });
      return untilAborted(asked, signal);
    },
    async quotaProject(signal) {
      return (await untilAborted(client(), signal)).quotaProjectId;
    },
  };
}

const ADVICE =
  "run gcloud auth application-default login on a workstation, or give the Cloud Run service a service account";

/** The library's errors have no types of their own: what failed shows in a status, a sentence, or that a request was made. */
function toVoucherError(cause: unknown): VoucherError {
  if (cause instanceof VoucherError) return cause;
  if (cause instanceof Error && /could not load the default credentials/i.test(cause.message)) {
    return new VoucherError("unauthorized", `no Google credentials were found; ${ADVICE}`, { cause });
  }
  const status = statusOf(cause);
  if (isRequest(cause) && (status === undefined || status === 408 || status === 429 || status >= 500)) {
    const message = `no access token could be got from Google (${status === undefined ? "no answer" : `HTTP ${status}`})`;
    return new VoucherError("unavailable", message, { retryable: true, cause });
  }
  if (status !== undefined) {
    return new VoucherError("unauthorized", `Google refused these credentials (HTTP ${status}); ${ADVICE}`, {
      cause,
    });
  }
  const message = `the Google credentials cannot be used; check the file that GOOGLE_APPLICATION_CREDENTIALS names, or ${ADVICE}`;
  return new VoucherError("unauthorized", message, { cause });
}

/** Whether a request failed, rather than what was to be done before it: its errors carry what was asked for. */
function isRequest(cause: unknown): boolean {
  return typeof cause === "object" && cause !== null && "config" in cause;
}

function statusOf(cause: unknown): number | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const status: unknown = "status" in cause ? cause.status : undefined;
  return typeof status === "number" ? status : undefined;
}
