import { jsonSchemas } from "../event/json-schemas.ts";
import { VERDICT_DOCUMENTS } from "../event/verdict-schema.ts";
import { BODY_BYTES, ImageRequestSchema } from "./image-request.ts";

/** The documents of the API, by the names that they have in its description. */
const DOCUMENTS = { ImageRequest: ImageRequestSchema, ...VERDICT_DOCUMENTS };
const SCHEMAS = "#/components/schemas/";

/** Why a request gets a sentence instead of a verdict. */
const REFUSALS = {
  400: "The body is called JSON by its media type and is not; answered before anything else is looked at.",
  401: "The sign-in is missing or wrong.",
  404: "There is no such check or group, or the group has no checks.",
  413: `The body has more than ${BODY_BYTES} bytes.`,
  422: "The body names no image by its digest.",
  500: "The server has been misconfigured, or failed; its log says how.",
  503: "Whether the sign-in is right cannot be found out now.",
  504: "No answer was found within server.timeout; the work was stopped, and may be asked for again.",
};

/** The OpenAPI 3.1 description of the HTTP API, made from the schemas that requests and answers have in the code. */
export function openApi(): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "Voucher",
      version: "2.0.0",
      description:
        "Runs checks on an image and attests what passes, or says which attestations an image has.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [
      { url: "http://localhost:8000", description: "Where Voucher's client looks for it by default." },
    ],
    security: [{ basic: [] }, { identityToken: [] }, {}],
    paths: {
      "/{name}": { parameters: [NAME], post: question("check", "Run checks, and attest what passes") },
      "/{name}/verify": { parameters: [NAME], post: question("verify", "Say which attestations count") },
      "/services/ping": {
        get: {
          operationId: "ping",
          summary: "Say that the server is there",
          security: [{}],
          responses: { 200: { description: "It is." } },
        },
      },
    },
    components: {
      securitySchemes: {
        basic: { type: "http", scheme: "basic", description: 'server.auth = "basic"' },
        identityToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: 'server.auth = "oidc": an identity token of Google\'s, made out to server.audience',
        },
      },
      schemas: jsonSchemas(DOCUMENTS, SCHEMAS),
    },
  };
}

const NAME = {
  name: "name",
  in: "path",
  required: true,
  description: "A check, as in diy; a group of [required]; or all, the group of [checks].",
  schema: { type: "string" },
};

function question(operationId: string, summary: string): object {
  const refusals = Object.entries(REFUSALS).map(([status, description]) => [
    status,
    { description, ...(status === "401" ? { headers: CHALLENGE } : {}), content: sentenceAs(status) },
  ]);
  return {
    operationId,
    summary,
    requestBody: { required: true, content: { "application/json": { schema: reference("ImageRequest") } } },
    responses: {
      200: {
        description: "The verdict, also where checks fail and where the image cannot be read.",
        content: { "application/json": { schema: reference("Verdict") } },
      },
      ...Object.fromEntries(refusals),
    },
  };
}

const CHALLENGE = {
  "WWW-Authenticate": { required: true, description: "How to sign in.", schema: { type: "string" } },
};

/** The answer to what is no JSON is the framework's own, and so is its form. */
function sentenceAs(status: string): object {
  const text = { schema: { type: "string" } };
  return { "text/plain": text, ...(status === "400" ? { "text/html": text } : {}) };
}

function reference(name: keyof typeof DOCUMENTS): object {
  return { $ref: `${SCHEMAS}${name}` };
}
