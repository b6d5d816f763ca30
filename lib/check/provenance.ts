import { type Check, pass } from "./contract.ts";
import { type BuildTrust, trustedBuilds } from "./trusted-builds.ts";

/** Passes images that a trusted builder built in a trusted project. */
export function provenance(trust: BuildTrust): Check {
  return {
    name: "provenance",
    description: "A trusted builder built this very image in a trusted project.",
    async judge(evidence) {
      const builds = await trustedBuilds(evidence, trust);
      return "outcome" in builds ? builds.outcome : pass;
    },
  };
}
