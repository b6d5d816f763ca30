import { onTestFinished } from "vitest";
import type { Endpoint } from "../../lib/google/endpoint.ts";
import { createRest, type Rest, type RestOptions } from "../../lib/google/rest.ts";
import { type Answer, json, type LocalRequest, listen } from "../../lib/local/server.ts";

export type Step = Answer | "drop" | ((request: LocalRequest) => Promise<Answer | "drop"> | Answer | "drop");

export interface Scripted {
  readonly requests: LocalRequest[];
  readonly endpoint: Endpoint;
}

/** A server that answers its first request by the first step, and so on; the last step goes on for ever. */
export async function scripted(...steps: readonly Step[]): Promise<Scripted> {
  const requests: LocalRequest[] = [];
  const server = await listen(
    {
      kindOf: () => "any",
      refuse: ({ status, message }) => json(status, { error: { message } }),
      answer: () => json(500, {}),
    },
    {
      before: async (request) => {
        const step = steps[Math.min(requests.length, steps.length - 1)] ?? json(200, {});
        requests.push(request);
        return typeof step === "function" ? step(request) : step;
      },
    },
  );
  onTestFinished(() => server.close());
  return { requests, endpoint: { base: server.url, local: true } };
}

/** A caller of `endpoint` that is closed when the test ends and hardly waits between tries. */
export function restTo(endpoint: Endpoint, options: Partial<RestOptions> = {}): Rest {
  const rest = createRest({ endpoint, credentials: NO_CREDENTIALS, backOff: 5, ...options });
  onTestFinished(() => rest.close());
  return rest;
}

/** An error answer as Google's APIs give it. */
export function refusal(httpStatus: number, status = "", message = "no"): Answer {
  return json(httpStatus, { error: { code: httpStatus, message, status } });
}

const NO_CREDENTIALS = {
  accessToken: async (): Promise<string> => {
    throw new Error("a local endpoint is called without credentials");
  },
};
