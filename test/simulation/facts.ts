import type { CheckName, Content, ContentName, History, Place, ScanState } from "./history.ts";
import { isGoogles } from "./names.ts";

/** What a check says of one platform at one moment; an error by its code. */
export type Status =
  | "not covered"
  | "pass"
  | "fail"
  | "waits for build"
  | "waits for scan"
  | "no-evidence"
  | "unsupported"
  | "not-found";

/** One platform that a review of an image looks at, and the indexes that lead to it. */
export interface Part {
  readonly content: ContentName;
  readonly via: readonly ContentName[];
}

/** What is so in a history at which moment. */
export interface Facts {
  contentOf(name: ContentName): Content;
  /** When a content comes to a repository; infinity where it never does. */
  uploaded(place: Place): number;
  isThere(place: Place, moment: number): boolean;
  /** Whether `check` looks at images of this platform. */
  covers(check: CheckName, name: ContentName): boolean;
  statusAt(repository: string, part: Part, check: CheckName, moment: number): Status;
  /** `from`, and every moment after it up to `to` at which anything changes. */
  between(from: number, to: number): readonly number[];
  /** How far the scan of `place` gets, and when, for whoever reads just that. */
  scansOf(place: Place): readonly { readonly at: number; readonly state: ScanState }[];
}

interface Scan {
  readonly at: number;
  /** From when on lists show it. */
  readonly visible: number;
  readonly state: ScanState;
}

interface Build {
  readonly visible: number;
  readonly trusted: boolean;
}

export function factsOf({ settings, contents, repositories, happenings }: History): Facts {
  const byName = new Map(contents.map((content) => [content.name, content]));
  const isByGoogle = settings.services.server === "Container Analysis";
  const standings = new Map(repositories.map(({ name, standing }) => [name, standing]));
  const uploads = new Map<string, number>();
  const scans = new Map<string, Scan[]>();
  const builds = new Map<string, Build[]>();
  const moments: number[] = [];
  for (const happening of happenings) {
    const { kind, at } = happening;
    if (kind !== "upload" && kind !== "scan" && kind !== "build") continue;
    const key = keyOf(happening.place);
    const visible = at + (kind === "upload" ? 0 : happening.lag);
    moments.push(visible);
    if (kind === "upload") uploads.set(key, Math.min(uploads.get(key) ?? Infinity, at));
    else if (kind === "scan") append(scans, key, { at, visible, state: happening.state });
    else append(builds, key, { visible, trusted: happening.trusted });
  }
  moments.sort((a, b) => a - b);

  const contentOf = (name: ContentName): Content => byName.get(name) ?? { name, kind: "artifact" };
  const uploaded = (place: Place) => uploads.get(keyOf(place)) ?? Infinity;
  const isThere = (place: Place, moment: number) => uploaded(place) <= moment;

  function covers(check: CheckName, name: ContentName): boolean {
    const content = contentOf(name);
    if (check !== "snakeoil" || settings.scanned === "all" || content.kind !== "image") return true;
    return settings.scanned.includes(content.platform);
  }

  /** What cannot be read may be of any platform, so every check covers it. */
  function statusAt(repository: string, part: Part, check: CheckName, moment: number): Status {
    const content = contentOf(part.content);
    if (content.kind !== "image" || !isThere({ repository, content: part.content }, moment))
      return "not-found";
    if (!covers(check, part.content)) return "not covered";
    switch (check) {
      case "nobody":
        return ["", "root", "0", "0:0"].includes(content.user) ? "fail" : "pass";
      case "diy":
        return settings.validRepos && standings.get(repository) === "ours" ? "pass" : "fail";
      case "snakeoil":
        return scanned(repository, content, moment);
      case "provenance":
        return built(repository, part, moment);
    }
  }

  function scanned(repository: string, image: Content & { kind: "image" }, moment: number): Status {
    const all = scans.get(keyOf({ repository, content: image.name })) ?? [];
    const last = all.findLast(({ visible }) => visible <= moment)?.state;
    switch (last) {
      case "clean":
        return "pass";
      case "vulnerable":
        return "fail";
      case "failed":
      case "stale":
        return "unsupported";
      case "unsupported":
        return "no-evidence";
      case undefined:
        return isByGoogle && isGoogles(repository) && image.platform !== "linux/amd64"
          ? "no-evidence"
          : "waits for scan";
      default:
        return "waits for scan";
    }
  }

  function built(repository: string, { content, via }: Part, moment: number): Status {
    const recordsOf = (name: ContentName) =>
      (builds.get(keyOf({ repository, content: name })) ?? []).filter(({ visible }) => visible <= moment);
    const own = recordsOf(content);
    const records = own.length > 0 ? own : via.flatMap(recordsOf);
    if (records.length === 0) return "waits for build";
    return records.some(({ trusted }) => trusted) ? "pass" : "fail";
  }

  return {
    contentOf,
    uploaded,
    isThere,
    covers,
    statusAt,
    between: (from, to) => [from, ...moments.filter((moment) => from < moment && moment <= to)],
    scansOf: (place) => scans.get(keyOf(place)) ?? [],
  };
}

function keyOf({ repository, content }: Place): string {
  return `${repository} ${content}`;
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  lists.set(key, [...(lists.get(key) ?? []), item]);
}
