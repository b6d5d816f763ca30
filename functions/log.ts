import { createJsonLog, type JsonLogOptions } from "../lib/telemetry/json-log.ts";
import { parseLevel } from "../lib/telemetry/log.ts";
import { createTextLog } from "../lib/telemetry/text-log.ts";

type Environment = { readonly [name: string]: string | undefined };

/** A function's log, on stdout: JSON as Cloud Logging reads it, and words at a person's own terminal. */
export function logOf(env: Environment, isTerminal: boolean) {
  const level = parseLevel(env["VOUCHER_LOG_LEVEL"]);
  if (isTerminal) return createTextLog({ level });
  const project = env["GOOGLE_CLOUD_PROJECT"] || undefined;
  return createJsonLog({ level, project, service: serviceOf(env) });
}

/** What Cloud Run calls what it runs. */
function serviceOf(env: Environment): NonNullable<JsonLogOptions["service"]> {
  const version = env["K_REVISION"] || undefined;
  const service = env["K_SERVICE"] || "voucher";
  return version === undefined ? { service } : { service, version };
}
