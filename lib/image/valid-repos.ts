import { VoucherError } from "../errors.ts";
import { nameOf, parseReference, type Reference } from "./reference.ts";

/** The repositories that are ours: registries, or paths below one, normalised as references are. */
export type ValidRepos = readonly string[];

// Below any entry there could be an image of this name: an entry is a registry or a path, never an image itself.
const BELOW = "/any/image";

/**
 * Reads one entry of `valid_repos`: a registry (`gcr.io`) or a path below one (`gcr.io/project`). As a path it gains no
 * `library/`: `docker.io/org` is an organisation of Docker Hub. Throws `config`.
 */
export function parseValidRepo(entry: string): string {
  try {
    return nameOf(parseReference(`${entry.replace(/\/+$/, "")}${BELOW}`)).slice(0, -BELOW.length);
  } catch (cause) {
    throw new VoucherError(
      "config",
      `valid_repos: ${JSON.stringify(entry)} is no registry, nor a path below one`,
      { cause },
    );
  }
}

/** Whether `reference` lies under one of `repos`, path segment by path segment: `gcr.io/p/app` is not `gcr.io/p/app-evil`. */
export function liesUnder(reference: Reference, repos: ValidRepos): boolean {
  const name = `${nameOf(reference)}/`;
  return repos.some((repo) => name.startsWith(`${repo}/`));
}

/** Whether any of `repos` is on the host of `reference`. */
export function namesHost(repos: ValidRepos, reference: Reference): boolean {
  return repos.some((repo) => repo === reference.registry || repo.startsWith(`${reference.registry}/`));
}
