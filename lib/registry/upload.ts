import { VoucherError } from "../errors.ts";
import { digestOf } from "../image/digest.ts";
import { canonical, type Reference } from "../image/reference.ts";
import type { Caller } from "./caller.ts";
import { blobUrl, isPlain, type Schemes, uploadsUrl } from "./endpoint.ts";
import { type Answer, one } from "./exchange.ts";
import { redact } from "./failure.ts";
import { ERROR_BYTES } from "./limits.ts";

/** Answers to what is written have nothing to say that we read. */
export const LITTLE = {
  bytes: ERROR_BYTES,
  error: () => new VoucherError("limit", `the registry answered with more than ${ERROR_BYTES} bytes`),
};

/** Whether the repository of `to` has a blob of these bytes. A registry that keeps it elsewhere says where. */
export async function hasBlob(
  caller: Caller,
  to: Reference,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  const url = blobUrl(canonical(to, digestOf(bytes)), caller.schemes);
  const expects = [200, 301, 302, 303, 307, 308, 404];
  const call = { url, method: "HEAD" as const, headers: {}, most: LITTLE, expects };
  return (await caller.send(to, call, signal)).status !== 404;
}

/**
 * Puts a blob into the repository of `to` (OCI distribution specification, "Pushing a blob monolithically": POST, then PUT).
 * Where another repository of the same registry is known to have it, the registry is first offered to take it from there.
 */
export async function uploadBlob(
  caller: Caller,
  to: Reference,
  bytes: Uint8Array,
  from: Reference | undefined,
  signal: AbortSignal,
): Promise<void> {
  const begun = await begin(caller, to, bytes, from, signal);
  if (begun.status === 201) return;
  const url = locationOf(begun, to, caller.schemes);
  url.searchParams.set("digest", digestOf(bytes));
  const headers = { "content-type": "application/octet-stream" };
  const call = { access: "push" as const, url, method: "PUT" as const, headers, body: bytes, most: LITTLE };
  try {
    await caller.send(to, { ...call, expects: [200, 201, 204] }, signal);
  } catch (thrown) {
    // Where an answer was lost, the upload is over and its address is gone.
    const isOver = thrown instanceof VoucherError && thrown.code === "not-found";
    if (!isOver || !(await hasBlob(caller, to, bytes, signal))) throw thrown;
  }
}

async function begin(
  caller: Caller,
  to: Reference,
  bytes: Uint8Array,
  from: Reference | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const url = uploadsUrl(to, caller.schemes);
  const call = { access: "push" as const, url, method: "POST" as const, headers: {}, most: LITTLE };
  if (from === undefined) return await caller.send(to, { ...call, expects: [202] }, signal);
  const mounting = new URL(url);
  mounting.searchParams.set("mount", digestOf(bytes));
  mounting.searchParams.set("from", from.repository);
  try {
    return await caller.send(to, { ...call, url: mounting, expects: [201, 202] }, signal);
  } catch (thrown) {
    // Whoever may write here may not be allowed to read there.
    if (!(thrown instanceof VoucherError) || thrown.retryable) throw thrown;
    return await begin(caller, to, bytes, undefined, signal);
  }
}

/** Where an upload goes on. Throws `refused` for an address that nothing may be sent to. */
function locationOf({ headers }: Answer, to: Reference, schemes: Schemes): URL {
  const from = uploadsUrl(to, schemes);
  const location = one(headers["location"]);
  const url = location === undefined ? null : URL.parse(location, from.href);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "")
    throw refused(from, "something that is no web address");
  if (url.protocol === "http:" && (from.protocol === "https:" || !isPlain(url.host, schemes)))
    throw refused(from, `${redact(url)}, which is not encrypted`);
  return url;
}

function refused(from: URL, to: string): VoucherError {
  return new VoucherError(
    "refused",
    `${redact(from)} wants uploads to be sent to ${to}; that is not followed`,
  );
}
