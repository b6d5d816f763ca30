import type { Rule } from "./rule.ts";
import type { FileConfig } from "./schema.ts";

/**
 * What is known and not built yet, one row each: switched on, it would not happen, so it is an error. Whoever builds one
 * deletes its row.
 */
export const UNBUILT: readonly Rule[] = [value("metadata_client", "oci")];

const LEAVE_OUT = "is not built yet; leave it out";

function value(key: keyof FileConfig, name: string): Rule {
  return {
    reads: [key],
    find: (file) => (file[key] === name ? [{ key, message: `${JSON.stringify(name)} ${LEAVE_OUT}` }] : []),
  };
}
