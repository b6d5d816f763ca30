import * as z from "zod/mini";
import { VoucherError } from "../../errors.ts";
import { applicationDefaultCredentials, type Credentials } from "../../google/credentials.ts";
import { parseEndpoint } from "../../google/endpoint.ts";
import { createRest } from "../../google/rest.ts";
import type { Proxies } from "../../proxy.ts";
import { timeLimit } from "../../retry.ts";

/** Reads secrets that are kept in Google's Secret Manager. */
export interface SecretManager {
  /**
   * Returns the secret of a version's resource name, without the line break that its end may have; fetched once, then
   * kept. Throws what Google's refusal means, or `timeout` after a minute; then the next call tries again.
   */
  access(version: string): Promise<string>;
}

export interface SecretManagerOptions {
  /** Google's own credentials of this machine by default. */
  readonly credentials?: Credentials;
  /** Where Secret Manager is asked: `secrets.endpoint`. */
  readonly endpoint: string;
  readonly proxies?: Proxies | undefined;
}

const SCHEME = "sm://";
const VERSION =
  /^projects\/[A-Za-z0-9.:-]+\/secrets\/[A-Za-z0-9_-]{1,255}\/versions\/[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const LONGEST = 60_000;
const SLOW = `Secret Manager gave no secret within ${LONGEST / 1000} s; can it be reached from here?`;
/** A secret has at most 64 KiB, and is sent as base64. */
const LARGEST_ANSWER = 128 * 1024;

/** Whether a value names a secret rather than being one. */
export function isReference(text: string): boolean {
  return text.trim().startsWith(SCHEME);
}

/** The resource name in `sm://projects/P/secrets/S/versions/V`; undefined where it is none. */
export function parseSecretReference(text: string): string | undefined {
  const name = text.trim().slice(SCHEME.length);
  return isReference(text) && VERSION.test(name) ? name : undefined;
}

// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
const AnswerSchema = z.object({ payload: z.object({ data: z.string(), dataCrc32c: z.string() }) });

/** Nothing is loaded and nobody asked before the first secret is needed. Throws `config` for an unusable endpoint. */
export function createSecretManager({
  credentials = applicationDefaultCredentials(),
  endpoint,
  proxies,
}: SecretManagerOptions): SecretManager {
  const parsed = parseEndpoint(endpoint, "secrets.endpoint");
  const known = new Map<string, Promise<string>>();

  async function fetchSecret(version: string): Promise<string> {
    const rest = createRest({
      endpoint: parsed,
      credentials,
      proxies,
      timeout: 15_000,
      largestBody: LARGEST_ANSWER,
    });
    try {
      const purpose = {
        api: "Secret Manager",
        action: `access ${version}`,
        permission: `secretmanager.versions.access on ${version.replace(/\/versions\/.*$/, "")}`,
      };
      const path = `/v1/${version}:access`;
      const call = { purpose, method: "GET", path, repeat: "always" } as const;
      return await read(await rest.call(call, timeLimit(LONGEST, SLOW)), version);
    } finally {
      await rest.close();
    }
  }

  return {
    access(version) {
      const asked =
        known.get(version) ??
        fetchSecret(version).catch((fault: unknown) => {
          known.delete(version);
          throw fault;
        });
      known.set(version, asked);
      return asked;
    },
  };
}

async function read(answer: unknown, version: string): Promise<string> {
  const parsed = AnswerSchema.safeParse(answer);
  if (!parsed.success) throw unusable(version, "answered something else");
  const { data, dataCrc32c } = parsed.data.payload;
  const bytes = Buffer.from(data, "base64");
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const { crc32c } = (await import("@aws-crypto/crc32c")).default;
  if (String(crc32c(bytes)) !== dataCrc32c)
    throw unusable(version, "its answer arrived damaged (wrong CRC32C)");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new VoucherError("malformed", `the secret ${version} is not UTF-8 text; add a version that is`);
  }
}

function unusable(version: string, what: string): VoucherError {
  const message = `Secret Manager was to access ${version}, and ${what}`;
  return new VoucherError("unavailable", message, { retryable: true });
}
