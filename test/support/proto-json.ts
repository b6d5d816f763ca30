import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const SOURCES = ["@google-cloud/grafeas", "@google-cloud/kms", "google-gax"].map((name) =>
  fileURLToPath(new URL(`../../node_modules/${name}/build/protos/`, import.meta.url)),
);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const INTEGERS_32 = ["int32", "uint32", "sint32", "fixed32", "sfixed32"];
const INTEGERS_64 = ["int64", "uint64", "sint64", "fixed64", "sfixed64"];

/** The types whose JSON is not that of a message (Protocol Buffers, "ProtoJSON format"). */
const WELL_KNOWN: { readonly [name: string]: (value: unknown) => boolean } = {
  ".google.protobuf.Timestamp": (value) => typeof value === "string" && TIMESTAMP.test(value),
  ".google.protobuf.Duration": (value) => typeof value === "string" && /^-?\d+(?:\.\d{1,9})?s$/.test(value),
  ".google.protobuf.FieldMask": (value) => typeof value === "string" && /^[A-Za-z0-9.,]*$/.test(value),
  ".google.protobuf.Int64Value": (value) => isScalar("int64", value),
  ".google.protobuf.Struct": isObject,
  ".google.protobuf.Value": () => true,
  ".google.protobuf.ListValue": Array.isArray,
  ".google.protobuf.Any": (value) => isObject(value) && typeof value["@type"] === "string",
};

const root = load();

/**
 * Returns what keeps `json` from being the canonical JSON of the message `typeName` (such as
 * `grafeas.v1.Occurrence` or `google.cloud.kms.v1.PublicKey`) by Google's own .proto files, one sentence a fault;
 * nothing where it is valid. It wants what a gateway writes: lower camel case names, enums by name, bytes as standard
 * base64, 64-bit integers as text, no null.
 */
export function protoJsonErrors(typeName: string, json: unknown): string[] {
  return messageErrors(root.lookupType(typeName), json, typeName);
}

function load(): protobuf.Root {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_origin, target) => {
    const found = [target, ...SOURCES.map((folder) => `${folder}${target}`)].find((path) => existsSync(path));
    return found ?? target;
  };
  loaded.loadSync(["grafeas/v1/grafeas.proto", "google/cloud/kms/v1/service.proto"], { keepCase: true });
  loaded.resolveAll();
  return loaded;
}

function messageErrors(type: protobuf.Type, json: unknown, at: string): string[] {
  const wellKnown = WELL_KNOWN[type.fullName];
  if (wellKnown !== undefined) return wellKnown(json) ? [] : [`${at} is no ${type.fullName.slice(1)}`];
  if (!isObject(json)) return [`${at} is no object`];
  const fields = new Map(type.fieldsArray.map((field) => [jsonName(field.name), field.resolve()]));
  const errors = Object.entries(json).flatMap(([name, value]) => {
    const field = fields.get(name);
    return field === undefined
      ? [`${at}.${name} is no field of ${type.name}`]
      : fieldErrors(field, value, `${at}.${name}`);
  });
  const crowded = type.oneofsArray
    .map((oneof) => oneof.oneof.map(jsonName).filter((name) => name in json))
    .filter((names) => names.length > 1);
  return [
    ...errors,
    ...crowded.map((names) => `${at} has ${names.join(" and ")}, of which only one may be there`),
  ];
}

function fieldErrors(field: protobuf.Field, value: unknown, at: string): string[] {
  if (field instanceof protobuf.MapField) {
    if (!isObject(value)) return [`${at} is no object`];
    return Object.entries(value).flatMap(([key, item]) =>
      valueErrors(field, item, `${at}[${JSON.stringify(key)}]`),
    );
  }
  if (!field.repeated) return valueErrors(field, value, at);
  if (!Array.isArray(value)) return [`${at} is no array`];
  return value.flatMap((item, index) => valueErrors(field, item, `${at}[${index}]`));
}

function valueErrors(field: protobuf.Field, value: unknown, at: string): string[] {
  const { resolvedType, type } = field;
  if (resolvedType instanceof protobuf.Type) return messageErrors(resolvedType, value, at);
  if (resolvedType instanceof protobuf.Enum) {
    const known = typeof value === "string" && Object.hasOwn(resolvedType.values, value);
    return known ? [] : [`${at} is no name of ${resolvedType.name}`];
  }
  return isScalar(type, value) ? [] : [`${at} is no ${type}`];
}

function isScalar(type: string, value: unknown): boolean {
  if (type === "string") return typeof value === "string";
  if (type === "bool") return typeof value === "boolean";
  if (type === "bytes") return typeof value === "string" && BASE64.test(value);
  if (INTEGERS_64.includes(type)) return typeof value === "string" && /^-?\d+$/.test(value);
  if (INTEGERS_32.includes(type)) return Number.isInteger(value);
  return typeof value === "number" || value === "NaN" || value === "Infinity" || value === "-Infinity";
}

/** The JSON name that protoc gives a field: underscores fall away, and the letter after one is upper case. */
function jsonName(field: string): string {
  return field.replaceAll(/_+(.?)/g, (_all, letter: string) => letter.toUpperCase());
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
