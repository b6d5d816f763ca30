import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { closed, isJson, type Json } from "../support/closed-schema.ts";

/** docs/openapi.json, as it is published. */
export const DESCRIPTION: Json = JSON.parse(
  readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(closed(DESCRIPTION), "openapi.json");

export interface Answered {
  readonly status: number;
  readonly contentType: string | null;
  readonly wwwAuthenticate?: string | null;
  readonly body: string;
}

/**
 * What docs/openapi.json does not say of an answer to `method` at `path`, one line each: a status or media type that it does
 * not name, a header that is missing, a member that it does not know. None for an answer that it describes whole.
 */
export function undescribed(path: string, method: "post" | "get", answered: Answered): readonly string[] {
  const response = at("paths", path, method, "responses", String(answered.status));
  if (response === undefined) return [`${answered.status} is no answer to ${method} ${path}`];
  const type = answered.contentType?.split(";")[0] ?? "";
  const required = at("paths", path, method, "responses", String(answered.status), "headers");
  const lacking = required !== undefined && !answered.wwwAuthenticate ? ["WWW-Authenticate is missing"] : [];
  if (!("content" in response)) return [...lacking, ...(answered.body === "" ? [] : ["there is a body"])];
  const content = at("paths", path, method, "responses", String(answered.status), "content", type);
  if (content === undefined) return [...lacking, `${type} is no media type of ${answered.status}`];
  const pointer = ["paths", path, method, "responses", String(answered.status), "content", type, "schema"];
  const value: unknown = type === "application/json" ? JSON.parse(answered.body) : answered.body;
  return [...lacking, ...faultsOf(validatorAt(pointer), value)];
}

/** Every route with every status that docs/openapi.json has for it, sorted: `/{name} 200`. */
export function documentedAnswers(): readonly string[] {
  const paths = Object.entries(at("paths") ?? {});
  return paths
    .flatMap(([path, item]) =>
      Object.entries(isJson(item) ? item : {}).flatMap(([method]) => {
        const statuses = Object.keys(at("paths", path, method, "responses") ?? {});
        return statuses.map((status) => `${path} ${status}`);
      }),
    )
    .sort();
}

function faultsOf(validate: ValidateFunction, value: unknown): readonly string[] {
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(" "),
  );
}

function validatorAt(keys: readonly string[]): ValidateFunction {
  const pointer = keys.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1")));
  const validate = ajv.getSchema(`openapi.json#/${pointer.join("/")}`);
  if (validate === undefined) throw new Error(`there is no schema at ${pointer.join("/")}`);
  return validate;
}

function at(...keys: readonly string[]): Json | undefined {
  let value: unknown = DESCRIPTION;
  for (const key of keys) value = isJson(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return isJson(value) ? value : undefined;
}
