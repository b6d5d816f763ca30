import { nameOf } from "../image/reference.ts";
import { liesUnder, type ValidRepos } from "../image/valid-repos.ts";
import { type Check, fail, pass } from "./contract.ts";

/** Passes images of our own repositories whose config can be fetched from there. Without `validRepos` nothing is ours. */
export function diy({ validRepos = [] }: { validRepos?: ValidRepos | undefined }): Check {
  return {
    name: "diy",
    description: "The image comes from one of our own repositories.",
    async judge(evidence) {
      const { reference } = evidence.image;
      if (validRepos.length === 0)
        return fail("valid_repos is not set, so no repository is known to be ours");
      if (!liesUnder(reference, validRepos))
        return fail(`${nameOf(reference)} lies under none of valid_repos`);
      await evidence.imageConfig();
      return pass;
    },
  };
}
