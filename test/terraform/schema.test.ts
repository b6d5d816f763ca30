import { beforeAll, describe, expect, it } from "vitest";
import { faultsOf } from "../support/terraform/faults.ts";
import { declaredIn, readFile, readTerraform, type TerraformFile } from "../support/terraform/module.ts";
import { parseAttribute, readSchema } from "../support/terraform/schema.ts";

const schema = readSchema();

describe("the Terraform module and its examples", () => {
  let files: readonly TerraformFile[];

  beforeAll(async () => {
    files = await readTerraform();
  });

  it("say what the provider understands, all that it asks for, and nothing else", () => {
    const declared = files.flatMap(declaredIn);
    expect(declared.length).toBeGreaterThan(40);
    expect(declared.flatMap((one) => faultsOf(one, schema))).toEqual([]);
  });

  it("ask for no provider but Google's", () => {
    const providers = files.flatMap(({ terraform = [] }) =>
      terraform.flatMap(({ required_providers }) =>
        Array.isArray(required_providers) ? required_providers : [],
      ),
    );
    expect(providers.length).toBeGreaterThan(0);
    for (const one of providers) {
      expect(one).toEqual({ google: { source: "hashicorp/google", version: ">= 7.45, < 8" } });
    }
  });

  it("are all that the copy of the schema is for", () => {
    const used = (kind: string) =>
      new Set(
        files
          .flatMap(declaredIn)
          .filter((one) => one.kind === kind)
          .map(({ type }) => type),
      );
    expect(new Set(Object.keys(schema.resources))).toEqual(used("resource"));
    expect(new Set(Object.keys(schema.data_sources))).toEqual(used("data"));
  });

  it("protect the keys from being destroyed", () => {
    const keys = files.flatMap(declaredIn).filter(({ type }) => type === "google_kms_crypto_key");
    expect(keys.map(({ body }) => body["lifecycle"])).toEqual([[{ prevent_destroy: true }]]);
  });
});

describe("the comparison with the schema", () => {
  const faultsIn = async (text: string) => {
    const file = await readFile("main.tf", text);
    return declaredIn(file).flatMap((one) => faultsOf(one, schema));
  };
  const topic = (more: string) => `resource "google_pubsub_topic" "it" {\n  name = "it"\n${more}\n}`;
  const subscription = (more: string) =>
    `resource "google_pubsub_subscription" "it" {\n  name = "it"\n  topic = "it"\n${more}\n}`;

  it("finds no fault where there is none", async () => {
    expect(await faultsIn(topic('count = 1\nlabels = { a = "b" }\ndepends_on = []'))).toEqual([]);
  });

  it.each([
    [
      "a resource that there is not",
      'resource "google_pubsub_topik" "it" {}',
      "the provider has no such resource",
    ],
    [
      "a data source that there is not",
      'data "google_pubsub_topik" "it" {}',
      "the provider has no such data source",
    ],
    ["a misspelled argument", topic('lables = { a = "b" }'), "lables does not exist"],
    ["a missing argument", 'resource "google_pubsub_topic" "it" {}', "name is missing"],
    [
      "an argument that only Google sets",
      topic('terraform_labels = { a = "b" }'),
      "terraform_labels is set by Google alone",
    ],
    ["a misspelled block", subscription("retry_polcy {}"), "retry_polcy does not exist"],
    [
      "a misspelled argument of a block",
      subscription('retry_policy {\nminimum = "1s"\n}'),
      "retry_policy.minimum does not exist",
    ],
    [
      "a missing argument of a block",
      subscription("expiration_policy {}"),
      "expiration_policy.ttl is missing",
    ],
    [
      "a block that is written as an argument",
      subscription('retry_policy = { minimum_backoff = "1s" }'),
      "retry_policy is a block, and no argument",
    ],
    [
      "an argument that is written as a block",
      topic('labels {\na = "b"\n}'),
      "labels is an argument, and no block",
    ],
    [
      "a block that stands there twice",
      subscription("retry_policy {}\nretry_policy {}"),
      "retry_policy may stand there 1 times, and not 2",
    ],
    [
      "a block at the wrong place",
      subscription('oidc_token {\nservice_account_email = "a"\n}'),
      "oidc_token does not exist",
    ],
    [
      "a fault in a dynamic block",
      subscription('dynamic "push_config" {\nfor_each = []\ncontent {\nendpoint = "x"\n}\n}'),
      "push_config.endpoint does not exist",
    ],
    [
      "a missing block",
      'resource "google_container_analysis_note" "it" {\nname = "it"\n}',
      "attestation_authority is missing",
    ],
  ])("finds %s", async (_, text, fault) => {
    expect((await faultsIn(text)).join("\n")).toContain(fault);
  });
});

describe("an attribute of the schema", () => {
  it("is read with its type and what holds for it", () => {
    const holds = { required: false, optional: false, computed: true, sensitive: false };
    expect(parseAttribute("list(object({a: string, b: list(object({c: map(number)}))})); computed")).toEqual({
      type: ["list", ["object", { a: "string", b: ["list", ["object", { c: ["map", "number"] }]] }]],
      ...holds,
    });
    expect(parseAttribute("string; optional, computed; sensitive")).toEqual({
      type: "string",
      ...holds,
      optional: true,
      sensitive: true,
    });
  });
});
