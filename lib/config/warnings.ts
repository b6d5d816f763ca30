import { isKeyVersion, KEY_WARNINGS } from "./key-rules.ts";
import { METRICS_WARNINGS } from "./metrics-rules.ts";
import type { Rule } from "./rule.ts";

/** What is accepted and yet unlikely to be meant so. */
export const WARNINGS: readonly Rule[] = [
  ...METRICS_WARNINGS,
  {
    reads: ["scanner"],
    find: ({ scanner }) =>
      scanner === "g" || scanner === "gca"
        ? [{ key: "scanner", message: `"${scanner}" is Voucher's old name for "metadata"` }]
        : [],
  },
  {
    reads: ["valid_repos"],
    find: ({ valid_repos }) =>
      valid_repos?.length === 0
        ? [
            {
              key: "valid_repos",
              message: "is an empty list: events contact no registry, and diy fails for every image",
            },
          ]
        : [],
  },
  {
    reads: ["kms_keys"],
    find: ({ kms_keys }) =>
      (kms_keys ?? []).flatMap(({ path }, index) =>
        isKeyVersion(path)
          ? []
          : [
              {
                key: `kms_keys[${index}].path`,
                message: `names no key version of Cloud KMS, as in ${EXAMPLE}`,
              },
            ],
      ),
  },
  {
    reads: ["webhook"],
    find: ({ webhook }) =>
      Object.entries(webhook ?? {}).flatMap(([source, settings]) =>
        settings?.secret === undefined
          ? [{ key: `webhook.${source}`, message: "has no secret, so each of its requests is refused" }]
          : [],
      ),
  },
  ...KEY_WARNINGS,
];

const EXAMPLE = "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/1";
