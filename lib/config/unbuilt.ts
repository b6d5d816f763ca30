import type { Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";

/**
 * What is known and not built yet, one row each: switched on, it would not happen, so it is an error. Whoever builds one
 * deletes its row.
 */
export const UNBUILT: readonly Rule[] = [
  value("metadata_client", "oci"),
  setting("events", "verdict_topic"),
  setting("metrics", "backend"),
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

function value(key: keyof FileConfig, name: string): Rule {
  return {
    reads: [key],
    find: (file) => (file[key] === name ? [{ key, message: `${JSON.stringify(name)} ${LEAVE_OUT}` }] : []),
  };
}

function setting<Section extends "events" | "metrics">(
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
