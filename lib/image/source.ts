/** Whose repositories are kept where: an organisation or a person on one host. */
export interface SourceOwner {
  /** In lower case, with the port where a web address names one. */
  readonly host: string;
  /** As spelled; several segments where the host nests groups. Compare with {@link sameOwner}. */
  readonly owner: string;
}

/** One source repository, whichever way its address is written. */
export interface SourceRepository extends SourceOwner {
  readonly repository: string;
}

const SCHEME = /^(?:git\+)?(https?|ssh|git):\/\//i;
/** As git reads it: with no slash before the first colon, what stands before it is a host. */
const SCP_LIKE = /^(?:[\w.+-]+@)?([^/:@]+):\/?(.+)$/;
const SEGMENT = /^(?!\.{1,2}$)[\w.~-]+$/;
const LONGEST = 2_000;

/**
 * The repository that `address` names: `https://host/owner/repository(.git)`, `ssh://git@…`, `git://…`, any of them after
 * `git+`, git's own `git@host:owner/repository.git`, or no scheme at all. What follows an `@` in the path is a revision,
 * as SLSA writes it, and does not count. Returns `undefined` for an address that is none of these, or that two programs
 * could read in two ways.
 */
export function parseSourceRepository(address: string): SourceRepository | undefined {
  const place = placeOf(address);
  const repository = place?.path.at(-1)?.replace(/\.git$/, "");
  if (place === undefined || !repository || place.path.length < 2) return undefined;
  return { host: place.host, owner: place.path.slice(0, -1).join("/"), repository };
}

/** The owner that `address` names, as in `https://github.com/acme`; `undefined` for an address that names none. */
export function parseSourceOwner(address: string): SourceOwner | undefined {
  const place = placeOf(address);
  if (place === undefined || place.path.length === 0) return undefined;
  return { host: place.host, owner: place.path.join("/") };
}

/** Whether both are one owner on one host. Hosts of source take owners in any case. */
export function sameOwner(a: SourceOwner, b: SourceOwner): boolean {
  return a.host === b.host && a.owner.toLowerCase() === b.owner.toLowerCase();
}

function placeOf(address: string): { readonly host: string; readonly path: readonly string[] } | undefined {
  // Programs differ in what they make of backslashes, blanks and control characters in an address.
  if (address.length > LONGEST || /[\s\\\p{Cc}]/u.test(address)) return undefined;
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  const url = URL.parse(webAddress(address, scheme));
  if (url === null || url.search !== "") return undefined;
  // The port of ssh or git says nothing of which web host it is.
  const host = (scheme === "ssh" || scheme === "git" ? url.hostname : url.host).replace(/\.(?=:|$)/, "");
  const [path = ""] = url.pathname.split("@");
  const segments = path.replace(/^\/|\/+$/g, "").split("/");
  if (segments[0] === "") return { host, path: [] };
  return segments.every((segment) => SEGMENT.test(segment)) ? { host, path: segments } : undefined;
}

/** Only for web addresses does the URL standard say how host and path are told apart, so every form becomes one. */
function webAddress(address: string, scheme: string | undefined): string {
  if (scheme !== undefined) return `${scheme === "http" ? "http" : "https"}://${address.replace(SCHEME, "")}`;
  const [, host, path] = SCP_LIKE.exec(address) ?? [];
  return `https://${host === undefined ? address : `${host}/${path}`}`;
}
