/** What things are called in every simulated world. */

/** Virtual time begins here. */
export const EPOCH = Date.UTC(2027, 0);

export const PROJECTS = { attestations: "attestors", images: "images", builds: "builds" } as const;

/** Below these lie the repositories that are ours. */
export const VALID_REPOS: readonly string[] = ["registry.example/ours", "europe-docker.pkg.dev/images/ours"];

export const BUILDER = "builder@builds.example";

/** `repository` may not end in a way that only looks like one of {@link VALID_REPOS}. */
export const REPOSITORIES = {
  plain: ["registry.example/ours/app", "registry.example/ours/web"],
  google: ["europe-docker.pkg.dev/images/ours/app", "europe-docker.pkg.dev/images/ours/web"],
  beside: "registry.example/ours-not/app",
  strange: "strange.example/ours/app",
} as const;

/** Whether Google scans what is in a repository, which it does for linux/amd64 alone. */
export function isGoogles(repository: string): boolean {
  return repository.startsWith("europe-docker.pkg.dev/");
}

/** Whether some of {@link VALID_REPOS} lie on `host`. */
export function isContacted(host: string): boolean {
  return VALID_REPOS.some((repository) => repository.startsWith(`${host}/`));
}
