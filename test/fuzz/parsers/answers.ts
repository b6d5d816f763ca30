import { readImage } from "../../../lib/api/image-request.ts";
import { readAnswer } from "../../../lib/cli/client-answer.ts";
import { createRest } from "../../../lib/google/rest.ts";
import { parseBuild } from "../../../lib/grafeas/build.ts";
import { parseDiscovery } from "../../../lib/grafeas/discovery.ts";
import { parseOccurrence } from "../../../lib/grafeas/occurrence.ts";
import { parseVulnerability } from "../../../lib/grafeas/vulnerability.ts";
import { parseCanonical } from "../../../lib/image/reference.ts";
import { parsePublicKey } from "../../../lib/sign/public-key.ts";
import { approved, asking, question } from "../../api/asking.ts";
import type { Parser } from "../parser.ts";

const HEX = "ab".repeat(32);
const IMAGE = `gcr.io/project/app@sha256:${HEX}`;
const QUESTION = { image_url: IMAGE };
const STAYING = new AbortController().signal;

const KNOWN = {
  name: "projects/p/occurrences/0c1d",
  noteName: "projects/p/notes/diy",
  resourceUri: `https://${IMAGE}`,
  createTime: "2026-11-25T12:00:00.123456789Z",
  updateTime: "2026-11-25T12:00:00Z",
};
const ATTESTATION = {
  ...KNOWN,
  kind: "ATTESTATION",
  attestation: { serializedPayload: "e30=", signatures: [{ signature: "AA_-", publicKeyId: "k" }] },
};
const BUILD = {
  ...KNOWN,
  kind: "BUILD",
  build: {
    provenance: {
      projectId: "builds",
      creator: "me@example.com",
      builtArtifacts: [{ checksum: `sha256:${HEX}` }],
      sourceProvenance: {
        context: { git: { url: "https://github.com/acme/app", revisionId: "a".repeat(40) } },
      },
    },
    intotoStatement: {
      subject: [{ digest: { sha256: HEX } }],
      slsaProvenance: {
        builder: { id: "https://builder" },
        recipe: { arguments: { "@type": "x/Build", projectId: "builds", name: "projects/1/builds/2" } },
        materials: [
          { uri: "git+https://github.com/acme/app@refs/heads/main", digest: { sha1: "a".repeat(40) } },
        ],
      },
    },
  },
};
const DISCOVERY = {
  ...KNOWN,
  kind: "DISCOVERY",
  discovery: {
    analysisStatus: "FINISHED_FAILED",
    continuousAnalysis: "ACTIVE",
    analysisError: [{ code: 3, message: "no", details: [{ message: "not at all" }] }],
  },
};
const VULNERABILITY = {
  ...KNOWN,
  noteName: "projects/goog-vulnz/notes/CVE-2026-1",
  kind: "VULNERABILITY",
  vulnerability: {
    severity: "HIGH",
    effectiveSeverity: "CRITICAL",
    fixAvailable: true,
    packageIssue: [
      {
        affectedPackage: "openssl",
        fixAvailable: true,
        fixedVersion: { kind: "NORMAL", epoch: 1, name: "3.1", revision: "2", fullName: "1:3.1-2" },
        effectiveSeverity: "HIGH",
      },
    ],
  },
};
const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEK8DdAfGSojjs4opy5xUTDRnDZgIA
awiluNQoYZql3JpcBr4Lx4Kw2PuH/Sc/P8/DETElro7zN8un68poIzgdCw==
-----END PUBLIC KEY-----
`;

/** What a service answers `bytes` for, as far as it is JSON at all. */
async function answered(bytes: Uint8Array): Promise<unknown> {
  const rest = createRest({
    endpoint: { base: "http://127.0.0.1", local: true },
    credentials: { accessToken: async () => "" },
    transport: { send: async () => ({ status: 200, retryAfter: undefined, bytes }), close: async () => {} },
  });
  const purpose = { api: "Container Analysis", action: "list", permission: "p" };
  return rest.call({ purpose, method: "GET", path: "/v1", repeat: "never" }, STAYING);
}

const occurrences = Object.entries({
  attestation: { sample: ATTESTATION, parse: parseOccurrence },
  build: { sample: BUILD, parse: (document: unknown) => parseBuild(document, KNOWN.name) },
  discovery: { sample: DISCOVERY, parse: parseDiscovery },
  vulnerability: { sample: VULNERABILITY, parse: parseVulnerability },
}).map(
  ([kind, { sample, parse }]): Parser => ({
    name: `an occurrence of kind ${kind.toUpperCase()}`,
    samples: { json: [sample] },
    // Half a document is what is left where a connection broke, so it is asked for again.
    refuses: ["network"],
    read: async (bytes) => parse(await answered(bytes)),
  }),
);

export const ANSWERS: readonly Parser[] = [
  {
    name: "the body of an API request",
    samples: { json: [QUESTION], words: [IMAGE, "image_url"] },
    refuses: ["usage", "limit"],
    read: readImage,
  },
  {
    name: "a request to the API",
    samples: { json: [QUESTION], words: [IMAGE, "image_url"] },
    refuses: [],
    async read(bytes) {
      const { api } = asking();
      const answer = await api(question("/all", { body: async () => bytes }), STAYING);
      if (answer === undefined || ![200, 413, 422].includes(answer.status))
        throw new Error(`it answers ${answer?.status}`);
      return answer.status === 200 ? answer : undefined;
    },
  },
  {
    name: "a server's answer",
    samples: { json: [approved([{ name: "diy" }]), { image: IMAGE, success: true, results: null }] },
    refuses: ["malformed"],
    read: (bytes) => readAnswer(bytes, parseCanonical(approved([]).image)),
  },
  ...occurrences,
  {
    name: "a public key",
    samples: {
      text: [PEM],
      words: ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PUBLIC KEY-----\n", "=", "\n", "A"],
    },
    refuses: ["key"],
    read: (bytes) => parsePublicKey(Buffer.from(bytes).toString("latin1"), "key.pem"),
  },
];
