import * as z from "zod/mini";
import type { Source } from "../ports.ts";
import { message, text, textMap } from "./proto-json.ts";

/** grafeas.v1.SourceContext, as far as it names a repository and a commit: an alias (a branch) names none. */
export const sourceContext = message({
  git: message({ url: text, revisionId: text }),
  cloudRepo: message({
    repoId: message({ projectRepoId: message({ projectId: text, repoName: text }) }),
    revisionId: text,
  }),
  gerrit: message({ hostUri: text, gerritProject: text, revisionId: text }),
});

type SourceContext = z.infer<typeof sourceContext>;

/** The commit that a build record's source context names; none where it names less than a repository and a commit. */
export function sourcesOfContext(context: SourceContext): readonly Source[] {
  const { git, cloudRepo, gerrit } = context ?? {};
  if (git !== undefined) return source(git.url, git.revisionId);
  if (cloudRepo !== undefined) {
    const { projectId = "", repoName = "" } = cloudRepo.repoId?.projectRepoId ?? {};
    if (projectId === "" || repoName === "") return [];
    return source(`https://source.developers.google.com/p/${projectId}/r/${repoName}`, cloudRepo.revisionId);
  }
  if (gerrit === undefined || gerrit.hostUri === "" || gerrit.gerritProject === "") return [];
  return source(`${gerrit.hostUri.replace(/\/+$/, "")}/${gerrit.gerritProject}`, gerrit.revisionId);
}

/** A thing that a build used: what SLSA calls a material or a resolved dependency. */
export const material = z.object({ uri: text, digest: textMap });

type Material = z.infer<typeof material>;

/** A repository's address as it was written, and the ref behind it, after an `@` or a hash. */
const URI = /^(?:git\+)?([a-z][a-z0-9+.-]*:\/\/[^/]*\/[^@#]+)(?:[@#](.*))?$/i;
/** A commit id: SHA-1 or SHA-256. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** How Cloud Build's earliest statements name a commit: by its page. */
const COMMIT_PAGE = /^(https:\/\/[^/]+\/[^?#@]+)\/commit\/([0-9a-f]{40})$/;

/**
 * The commits among `materials`, each once. A URI is in SPDX's form, `git+https://host/owner/name@ref`, and its digest
 * names the commit as `gitCommit`, or `sha1`; where there is no digest, the ref may be one itself.
 */
export function sourcesOfMaterials(materials: readonly Material[]): readonly Source[] {
  const found = materials.flatMap((one) => {
    const { uri, digest } = one;
    const isGit = /^(?:git\+|git:)/.test(uri) || digest["gitCommit"] !== undefined;
    const [, url = "", commit = ""] = COMMIT_PAGE.exec(uri) ?? [];
    return isGit ? sourceOfRepository(one) : source(url, commit);
  });
  return distinct(found);
}

/** Each source once. */
export function distinct(sources: readonly Source[]): readonly Source[] {
  return [...new Map(sources.map((one) => [`${one.url} ${one.revision}`, one])).values()];
}

/** The commit of a material that is known to be a git repository, whatever its URI begins with. */
export function sourceOfRepository({ uri, digest }: Material): readonly Source[] {
  const [, url = "", ref = ""] = URI.exec(uri) ?? [];
  const commit = digest["gitCommit"] ?? digest["sha1"] ?? "";
  return source(url, commit === "" && COMMIT.test(ref) ? ref : commit);
}

/** The address stays as it was recorded: what is ambiguous in it must not be smoothed away before it is judged. */
function source(url: string, revision: string): readonly Source[] {
  return url === "" || revision === "" ? [] : [{ url, revision }];
}
