import { Server, ServerCredentials, type ServiceDefinition, type UntypedHandleCall } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { type Block, type ProviderSchema, parseAttribute } from "./schema.ts";

/**
 * Stands in for the google provider where its plugin is not to be had: serves Terraform the schema, so that `terraform
 * validate` and `terraform test` judge arguments, blocks and types as they will with the provider, and accepts every value.
 * It plans and makes nothing: the tests mock the provider, and a mock asks the plugin for its schema only.
 *
 * What is spoken is version 5 of Terraform's plugin protocol, the part that these commands use:
 * https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
 */

const PROTOCOL = protobuf.parse(
  `
  syntax = "proto3";
  package tfplugin5;
  message DynamicValue { bytes msgpack = 1; }
  message Schema {
    int64 version = 1;
    Block block = 2;
    message Block { repeated Attribute attributes = 2; repeated NestedBlock block_types = 3; }
    message Attribute {
      string name = 1; bytes type = 2; bool required = 4; bool optional = 5; bool computed = 6; bool sensitive = 7;
    }
    message NestedBlock {
      enum Nesting { INVALID = 0; SINGLE = 1; LIST = 2; SET = 3; }
      string type_name = 1; Block block = 2; Nesting nesting = 3; int64 min_items = 4; int64 max_items = 5;
    }
  }
  message Empty {}
  message SchemaAnswer {
    Schema provider = 1;
    map<string, Schema> resource_schemas = 2;
    map<string, Schema> data_source_schemas = 3;
  }
  message Configuration { DynamicValue config = 1; }
  message Prepared { DynamicValue prepared_config = 1; }
`,
  { keepCase: true },
).root;

interface Rpc {
  readonly name: string;
  readonly asks: string;
  readonly answers: string;
}

const RPCS: readonly Rpc[] = [
  { name: "GetSchema", asks: "Empty", answers: "SchemaAnswer" },
  { name: "PrepareProviderConfig", asks: "Configuration", answers: "Prepared" },
  { name: "ValidateResourceTypeConfig", asks: "Empty", answers: "Empty" },
  { name: "ValidateDataSourceConfig", asks: "Empty", answers: "Empty" },
  { name: "Configure", asks: "Empty", answers: "Empty" },
  { name: "Stop", asks: "Empty", answers: "Empty" },
];

export interface Plugin {
  /** The environment by which Terraform finds it. */
  readonly env: { readonly [name: string]: string };
  close(): void;
}

/** Serves `schema` on a free port of 127.0.0.1, as the provider hashicorp/google. */
export async function startPlugin(schema: ProviderSchema): Promise<Plugin> {
  const whole = {
    provider: { block: blockOf(PROVIDER) },
    resource_schemas: mapValues(schema.resources, (block) => ({ block: blockOf(block) })),
    data_source_schemas: mapValues(schema.data_sources, (block) => ({ block: blockOf(block) })),
  };
  const answers: { readonly [rpc: string]: (request: object) => object } = {
    GetSchema: () => whole,
    PrepareProviderConfig: (request) => ("config" in request ? { prepared_config: request.config } : {}),
  };
  const server = new Server();
  server.addService(
    serviceOf(RPCS),
    Object.fromEntries(
      RPCS.map(({ name }): [string, UntypedHandleCall] => [
        name,
        (call: { readonly request: object }, done: (fault: null, answer: object) => void) =>
          done(null, answers[name]?.(call.request) ?? {}),
      ]),
    ),
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (fault, port) =>
    fault === null ? resolve(port) : reject(fault),
  );
  const address = `127.0.0.1:${await promise}`;
  const reattach = {
    Protocol: "grpc",
    ProtocolVersion: 5,
    Pid: process.pid,
    Test: true,
    Addr: { Network: "tcp", String: address },
  };
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify({ "registry.terraform.io/hashicorp/google": reattach }) },
    close: () => server.forceShutdown(),
  };
}

/** What a `provider "google"` block may say, as far as the examples do. */
const PROVIDER: Block = {
  billing_project: "string; optional",
  project: "string; optional",
  region: "string; optional",
  user_project_override: "bool; optional",
};

function blockOf(block: Block): object {
  const attributes = Object.entries(block).flatMap(([name, text]) => {
    if (typeof text !== "string") return [];
    const { type, ...holds } = parseAttribute(text);
    return [{ name, type: Buffer.from(JSON.stringify(type)), ...holds }];
  });
  const nested = Object.entries(block).flatMap(([type_name, entry]) => {
    if (typeof entry === "string") return [];
    const nesting = entry.nesting === "list" ? 2 : 3;
    return [
      {
        type_name,
        nesting,
        min_items: entry.min ?? 0,
        max_items: entry.max ?? 0,
        block: blockOf(entry.block),
      },
    ];
  });
  return { attributes, block_types: nested };
}

function serviceOf(rpcs: readonly Rpc[]): ServiceDefinition {
  const encode = (type: string) => (message: object) => {
    const found = PROTOCOL.lookupType(`tfplugin5.${type}`);
    return Buffer.from(found.encode(found.fromObject(message)).finish());
  };
  const decode = (type: string) => (bytes: Buffer) => PROTOCOL.lookupType(`tfplugin5.${type}`).decode(bytes);
  return Object.fromEntries(
    rpcs.map(({ name, asks, answers }) => [
      name,
      {
        path: `/tfplugin5.Provider/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: encode(asks),
        requestDeserialize: decode(asks),
        responseSerialize: encode(answers),
        responseDeserialize: decode(answers),
      },
    ]),
  );
}

function mapValues<From, To>(
  values: { readonly [key: string]: From },
  to: (value: From) => To,
): { readonly [key: string]: To } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value)]));
}
