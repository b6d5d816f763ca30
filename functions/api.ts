import type { HttpFunction } from "@google-cloud/functions-framework";
import { createApi } from "../lib/api/api.ts";
import { signInOf } from "../lib/api/configured-sign-in.ts";
import { BODY_BYTES } from "../lib/api/image-request.ts";
import type { SignIn } from "../lib/api/sign-in.ts";
import type { App } from "../lib/app.ts";
import { VoucherError } from "../lib/errors.ts";
import { traceOf } from "../lib/event/trace.ts";
import { bodyOf } from "./body.ts";

/** Voucher's HTTP API. Throws `config` where it could not be served, or would be open by mistake. */
export async function api(app: App): Promise<HttpFunction> {
  const { server, validRepos } = app.config;
  app.requireRequestsAnswerable();
  const answerTo = createApi(
    { signIn: await signInTo(app), deadline: server.timeoutSeconds * 1000 },
    {
      checksNamed: app.checksNamed,
      check: (image, checks, signal) => app.check(image, checks, "run", signal, validRepos),
      verify: async (image, checks, signal) => (await app.verify(image, checks, signal, validRepos)).verdict,
      clock: app.clock,
      observer: app.observer,
    },
  );
  return async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort(new VoucherError("cancelled", "the client went away"));
    });
    const answer = await answerTo(
      {
        method: request.method,
        path: request.path,
        authorization: request.headers.authorization,
        trace: traceOf(request.headers),
        body: () => bodyOf(request, BODY_BYTES),
      },
      gone.signal,
    );
    if (answer === undefined) return;
    // What was not read of a body would be taken for the next request.
    const rest = request.complete ? {} : { connection: "close" };
    response.writeHead(answer.status, { ...answer.headers, ...rest }).end(answer.body);
  };
}

/** The password is asked for now, and not by the first request, so that a server that could let nobody in does not start. */
async function signInTo(app: App): Promise<SignIn | undefined> {
  const { server } = app.config;
  if (server.auth !== "basic" || !server.requireAuth) return signInOf(server);
  const password = await app.serverPassword();
  return signInOf(password === undefined ? server : { ...server, password });
}
