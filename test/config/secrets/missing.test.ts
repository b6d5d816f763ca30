import { describe, expect, it } from "vitest";
import { parseFile } from "../../../lib/config/parse.ts";
import { missingSecrets } from "../../../lib/config/secrets/missing.ts";
import { Secret } from "../../../lib/config/secrets/secret.ts";
import { toConfig } from "../../../lib/config/settings.ts";

const secret = new Secret("s3cret");
const NONE = { openpgpkeys: new Map(), repositories: new Map() };

function missing(document: { [key: string]: unknown }, secrets: Parameters<typeof missingSecrets>[1] = NONE) {
  return missingSecrets(toConfig(parseFile(document).file, "/", {}), secrets);
}

const PGP = {
  signer: "pgp",
  binauth_project: "p",
  checks: { diy: true },
  required: { prod: { nobody: true } },
};

describe("a secret that is needed and not there", () => {
  it("is the OpenPGP key of each check that is signed for", () => {
    expect(missing(PGP)).toEqual([
      "openpgpkeys.diy is missing from the secrets, so nothing can be signed for diy",
      "openpgpkeys.nobody is missing from the secrets, so nothing can be signed for nobody",
    ]);
    const openpgpkeys = new Map([
      ["diy", { armoredKey: secret }],
      ["nobody", { armoredKey: secret }],
    ]);
    expect(missing(PGP, { ...NONE, openpgpkeys })).toEqual([]);
  });

  it.each([
    ["it is a dry run", { ...PGP, dryrun: true }],
    ["another signer signs", { ...PGP, signer: "kms" }],
    ["nothing is stored", { ...PGP, binauth_project: "" }],
  ])("is no OpenPGP key where %s", (_, document) => {
    expect(missing(document)).toEqual([]);
  });

  it("is a way to sign in to GitHub where approved is on", () => {
    const document = { checks: { approved: true } };
    expect(missing(document)).toEqual([
      "repositories.<alias> is missing from the secrets, and the check approved cannot ask GitHub without",
    ]);
    expect(missing(document, { ...NONE, repositories: new Map([["acme", { token: secret }]]) })).toEqual([]);
    expect(missing({ ...document, github: { endpoint: "http://127.0.0.1:1/graphql" } })).toEqual([]);
  });

  it("is Datadog's pair of keys where metrics go there", () => {
    const document = { metrics: { backend: "datadog" } };
    expect(missing(document)).toEqual([
      "datadog.api_key and datadog.app_key are missing from the secrets, and metrics.backend is datadog",
    ]);
    expect(missing(document, { ...NONE, datadog: { apiKey: secret, appKey: secret } })).toEqual([]);
  });
});
