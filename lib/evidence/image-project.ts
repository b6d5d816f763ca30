import { VoucherError } from "../errors.ts";
import { formatReference, type Reference } from "../image/reference.ts";
import { isGoogleHost } from "../registry/credentials.ts";

/** A pull-through cache of Docker Hub, whose names begin with an organisation and not with a project. */
const WITHOUT_PROJECTS = "mirror.gcr.io";

/**
 * The Google Cloud project that the name of an image carries: `gcr.io/PROJECT/…`, `LOCATION-docker.pkg.dev/PROJECT/REPO/…`,
 * and with a domain-scoped project `gcr.io/example.com/PROJECT/…`, whose id is `example.com:PROJECT`. `undefined` for an
 * image of another host.
 */
export function projectInName({ registry, repository }: Reference): string | undefined {
  if (!isGoogleHost(registry) || registry === WITHOUT_PROJECTS) return undefined;
  const [first = "", second = "", ...rest] = repository.split("/");
  // A project id has no dots; a domain has one at least.
  const scoped = first.includes(".");
  const image = scoped ? rest : [second, ...rest].filter((part) => part !== "");
  // Artifact Registry puts a repository between the project and the image.
  if (image.length < (registry.endsWith(".pkg.dev") ? 2 : 1)) return undefined;
  return scoped ? `${first}:${second}` : first;
}

/**
 * The project that holds the build records and scans of `image`: the one in its name, or else `imageProject`, the setting
 * of the same name. Throws `config` where neither says it.
 */
export function projectOfImage(image: Reference, imageProject: string | undefined): string {
  const project = projectInName(image) ?? imageProject;
  if (project !== undefined) return project;
  throw new VoucherError(
    "config",
    `the name of ${formatReference(image)} does not say which project holds its build records and scans; set image_project`,
  );
}

/**
 * The project that `grafeasos.vul_project` names. Voucher cuts the setting off the names of vulnerabilities, so its users
 * wrote the beginning of those names, `projects/PROJECT/notes/`; the project alone is taken too.
 */
export function projectInSetting(setting: string): string {
  return setting.replace(/^projects\//, "").replace(/\/(?:notes\/?)?$/, "");
}
