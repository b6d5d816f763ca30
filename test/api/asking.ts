import { type Api, type ApiPorts, type ApiRequest, type ApiSettings, createApi } from "../../lib/api/api.ts";
import { VoucherError } from "../../lib/errors.ts";
import type { Verdict } from "../../lib/review/verdict.ts";
import { handClock, recordingObserver } from "../support/fake-ports.ts";

export const IMAGE = `gcr.io/project/app@sha256:${"a".repeat(64)}`;
export const STAYING = new AbortController().signal;

/** An API over fakes, its clock and its log. */
export interface Asking {
  readonly api: Api;
  readonly clock: ReturnType<typeof handClock>;
  readonly observer: ReturnType<typeof recordingObserver>;
}

type Named = { readonly name: string };

const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ["all", ["diy", "nobody"]],
  ["prod", ["nobody"]],
  ["diy", ["diy"]],
  ["empty", []],
]);

/** The API as the application wires it, but for `ports`; it approves every image. */
export function asking(ports: Partial<ApiPorts<Named>> = {}, settings: Partial<ApiSettings> = {}): Asking {
  const clock = handClock();
  const observer = recordingObserver();
  const approve = async (_image: unknown, checks: readonly Named[]) => approved(checks);
  const api = createApi<Named>(
    { deadline: 240_000, ...settings },
    { checksNamed, check: approve, verify: approve, clock, observer, ...ports },
  );
  return { api, clock, observer };
}

/** A request as a client makes it; without `body` it names {@link IMAGE}. */
export function question(path: string, more: Partial<ApiRequest> = {}): ApiRequest {
  return { method: "POST", path, body: bodyNaming(IMAGE), ...more };
}

export function bodyNaming(image: string): ApiRequest["body"] {
  return async () => Buffer.from(JSON.stringify({ image_url: image }));
}

/** What is said of {@link IMAGE} where it passes `checks`. */
export function approved(checks: readonly Named[]): Verdict {
  const results = checks.map(({ name }) => ({
    name,
    status: "pass" as const,
    success: true,
    attested: true,
  }));
  return {
    image: IMAGE,
    kind: "image",
    success: true,
    attested: true,
    results,
    platforms: [],
    skipped: [],
  };
}

function checksNamed([name = ""]: readonly string[]): readonly Named[] {
  const checks = GROUPS.get(name);
  if (checks === undefined)
    throw new VoucherError("usage", `no check or group is called ${JSON.stringify(name)}`);
  return checks.map((check) => ({ name: check }));
}
