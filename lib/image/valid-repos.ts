import { VoucherError } from "../errors.ts";
import { nameOf, parseReference, type Reference } from "./reference.ts";

/** The repositories that are ours: registries, or paths below one, normalised as references are. */
export type ValidRepos = readonly string[];

/** Reads one entry of `valid_repos`: a registry (`gcr.io`) or a path below one (`gcr.io/project`). Throws `config`. */
export function parseValidRepo(entry: string): string {
  const trimmed = entry.replace(/\/+$/, "");
  try {
    if (!trimmed.includes("/") && /[.:]|^localhost$/.test(trimmed)) {
      return parseReference(`${trimmed}/any`).registry;
    }
    const reference = parseReference(trimmed);
    if (reference.tag !== undefined || reference.digest !== undefined)
      throw new Error("it has a tag or digest");
    // `library/` is what Docker Hub's short names gain; a path that names an organisation gains nothing.
    return trimmed.includes("/") ? nameOf(reference) : `${reference.registry}/${trimmed}`;
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
