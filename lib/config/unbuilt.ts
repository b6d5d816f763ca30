import { enabledChecks } from "./known-checks.ts";
import type { Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";
import { hasStore, signerOf } from "./settings.ts";

/**
 * What is known and not built yet, one row each: switched on, it would not happen, so it is an error. Whoever builds one
 * deletes its row.
 */
export const UNBUILT: readonly Rule[] = [
  check("approved"),
  signer("pgp"),
  signer("kms"),
  value("metadata_client", "grafeasos"),
  value("metadata_client", "oci"),
  setting("events", "push_topic"),
  setting("events", "verdict_topic"),
  setting("metrics", "backend"),
  setting("ejson", "dir"),
  setting("ejson", "secrets"),
  setting("sops", "file"),
  setting("secrets", "file"),
  webhooks(),
];

/** What is known, not built yet, and decides nothing: switched on, it earns a warning. */
export const UNHEARD: readonly Rule[] = [
  {
    reads: ["statsd", "metrics"],
    find: ({ statsd, metrics }) =>
      statsd?.addr !== undefined && metrics?.backend === undefined
        ? [{ key: "statsd.addr", message: "metrics are not built yet, so none are sent" }]
        : [],
  },
];

const LEAVE_OUT = "is not built yet; leave it out";

function check(concerned: string): Rule {
  return {
    reads: ["checks", "required"],
    find: (file) =>
      enabledChecks(file)
        .filter(({ name }) => name === concerned)
        .map(({ key }) => ({ key, message: "this check is not built yet; set it to false" })),
  };
}

/** A signer matters where there is a store: without one nothing is signed, and Voucher's default may stand. */
function signer(name: string): Rule {
  return {
    reads: ["signer", "binauth_project", "metadata_client"],
    find: (file) =>
      signerOf(file) === name && hasStore(file)
        ? [
            {
              key: "signer",
              message: `${JSON.stringify(name)} is not built yet; where there is a store, write "pkix"`,
            },
          ]
        : [],
  };
}

function value(key: keyof FileConfig, name: string): Rule {
  return {
    reads: [key],
    find: (file) => (file[key] === name ? [{ key, message: `${JSON.stringify(name)} ${LEAVE_OUT}` }] : []),
  };
}

function setting<Section extends "events" | "metrics" | "ejson" | "sops" | "secrets">(
  section: Section,
  key: keyof NonNullable<FileConfig[Section]> & string,
): Rule {
  return {
    reads: [section],
    find: (file) =>
      Object.entries(file[section] ?? {}).some(([name, written]) => name === key && written !== undefined)
        ? [{ key: `${section}.${key}`, message: LEAVE_OUT }]
        : [],
  };
}

function webhooks(): Rule {
  return {
    reads: ["webhook"],
    find: ({ webhook }) =>
      Object.keys(webhook ?? {}).map((source) => ({ key: `webhook.${source}`, message: LEAVE_OUT })),
  };
}
