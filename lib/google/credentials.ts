import { VoucherError } from "../errors.ts";
import { abandoned } from "../retry.ts";

/** What shows Google who is calling. */
export interface Credentials {
  /** An OAuth 2.0 access token that is valid for a while yet. */
  accessToken(signal: AbortSignal): Promise<string>;
  /** The project that calls are counted for, where the credentials name one: people's own credentials must. */
  quotaProject?(signal: AbortSignal): Promise<string | undefined>;
}

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
    const { GoogleAuth } = await import("google-auth-library");
    return new GoogleAuth({ scopes: [SCOPE] }).getClient();
  }

  async function client() {
    const looking = found ?? find();
    found = looking;
    try {
      return await looking;
    } catch (cause) {
      // What is missing now may be there for the next call: a metadata server that just started, a person who signed in.
      if (found === looking) found = undefined;
      throw toVoucherError(cause);
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
    accessToken(signal) {
      asked ??= ask().finally(() => {
        asked = undefined;
      });
      return unlessAborted(asked, signal);
    },
    async quotaProject(signal) {
      return (await unlessAborted(client(), signal)).quotaProjectId;
    },
  };
}

const ADVICE =
  "run gcloud auth application-default login on a workstation, or give the Cloud Run service a service account";

/** The library's errors say in words or in the token server's answer what is wrong; none has a type of its own. */
function toVoucherError(cause: unknown): VoucherError {
  if (cause instanceof VoucherError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/could not load the default credentials/i.test(message)) {
    return new VoucherError("unauthorized", `no Google credentials were found; ${ADVICE}`, { cause });
  }
  const status = statusOf(cause);
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (refused) {
    return new VoucherError("unauthorized", `Google refused these credentials (HTTP ${status}); ${ADVICE}`, {
      cause,
    });
  }
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
  if (status === undefined && code === undefined) {
    return new VoucherError("unauthorized", `the Google credentials cannot be used; ${ADVICE}`, { cause });
  }
  return new VoucherError("unavailable", `no access token could be got from Google (${status ?? code})`, {
    retryable: true,
    cause,
  });
}

function statusOf(cause: unknown): number | undefined {
  if (typeof cause !== "object" || cause === null) return undefined;
  const status: unknown = "status" in cause ? cause.status : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Returns what `promise` does, or throws as soon as `signal` aborts: the library takes no signal. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abandoned(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
