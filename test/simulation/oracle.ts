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

/** What of an image is looked at. */
export type Scope =
  | { readonly kind: "not contacted" }
  | { readonly kind: "ignored" }
  /** An index without any platform that is selected. */
  | { readonly kind: "unsupported" }
  | { readonly kind: "reviewed"; readonly parts: readonly Part[]; readonly owesIndex: boolean };

/** An attestation, by what it says. */
export interface Claim {
  readonly content: ContentName;
  readonly check: CheckName;
}

/**
 * What is true in a history, and at which moment, by the rules that users are promised. It knows nothing of how the program
 * works, and of what happened in a run.
 */
export interface Oracle {
  scopeOf(place: Place): Scope;
  /** Whether the content can be read from its repository at `moment`. */
  isThere(place: Place, moment: number): boolean;
  /** What `check` may say of a part of `place` from `from` to `to`. */
  statuses(place: Place, part: Part, check: CheckName, from: number, to: number): ReadonlySet<Status>;
  /** Whether its scan waits or runs from `from` to `to`, for whoever reads just this. */
  scanning(place: Place, from: number, to: number): "throughout" | "at times" | "never";
  /** What has to be attested by whoever reviewed `place` from `from` to `to`, whatever he saw first. */
  owed(place: Place, from: number, to: number): readonly Claim[];
  /** The first moment from which on an attestation can be rightly made; infinity where there is none. */
  rightFrom(repository: string, claim: Claim): number;
}

/** A review may share a request to the registry that was on its way before it began, for so long at the most. */
export const STALE_MS = 30_000;

interface Scan {
  readonly at: number;
  readonly visible: number;
  readonly state: ScanState;
}

interface Build {
  readonly visible: number;
  readonly trusted: boolean;
}

export function createOracle({ settings, contents, repositories, happenings }: History): Oracle {
  const byName = new Map(contents.map((content) => [content.name, content]));
  const uploads = new Map<string, number>();
  const scans = new Map<string, Scan[]>();
  const builds = new Map<string, Build[]>();
  const moments: number[] = [];
  for (const happening of happenings) {
    if (happening.kind === "upload") {
      uploads.set(
        keyOf(happening.place),
        Math.min(uploads.get(keyOf(happening.place)) ?? Infinity, happening.at),
      );
      moments.push(happening.at);
    }
    if (happening.kind !== "scan" && happening.kind !== "build") continue;
    const visible = happening.at + happening.lag;
    moments.push(visible);
    if (happening.kind === "scan")
      append(scans, keyOf(happening.place), { at: happening.at, visible, state: happening.state });
    else append(builds, keyOf(happening.place), { visible, trusted: happening.trusted });
  }
  moments.sort((a, b) => a - b);

  const contentOf = (name: ContentName): Content => byName.get(name) ?? { name, kind: "artifact" };
  const standingOf = (repository: string) => repositories.find(({ name }) => name === repository)?.standing;

  function isThere(place: Place, moment: number): boolean {
    return (uploads.get(keyOf(place)) ?? Infinity) <= moment;
  }

  function isSelected(name: ContentName): boolean {
    const content = contentOf(name);
    const { select } = settings.platforms;
    return select === "all" || (content.kind === "image" && select.includes(content.platform));
  }

  /** Every platform of an index, each once, where it is first listed. */
  function partsOf(index: Content & { kind: "index" }): readonly Part[] {
    const parts = new Map<ContentName, Part>();
    const entered = new Set<ContentName>();
    const enter = ({ name, children }: typeof index, outer: readonly ContentName[]) => {
      if (entered.has(name)) return;
      entered.add(name);
      const via = [...outer, name];
      for (const child of children) {
        const content = contentOf(child);
        if (content.kind === "index") enter(content, via);
        else if (content.kind === "image" && !parts.has(child)) parts.set(child, { content: child, via });
      }
    };
    enter(index, []);
    return [...parts.values()];
  }

  function scopeOf({ repository, content: name }: Place): Scope {
    if (settings.validRepos && standingOf(repository) === "on a strange host")
      return { kind: "not contacted" };
    const content = contentOf(name);
    if (content.kind === "artifact") return { kind: "ignored" };
    if (content.kind === "image") {
      if (!isSelected(name)) return { kind: "ignored" };
      return { kind: "reviewed", parts: [{ content: name, via: [] }], owesIndex: false };
    }
    const all = partsOf(content);
    const parts = all.filter((part) => isSelected(part.content));
    if (parts.length === 0) return { kind: "unsupported" };
    const { index } = settings.platforms;
    const owesIndex = index === "selected" || (index === "all" && parts.length === all.length);
    return { kind: "reviewed", parts, owesIndex };
  }

  function covers(check: CheckName, name: ContentName): boolean {
    const content = contentOf(name);
    if (check !== "snakeoil" || settings.scanned === "all" || content.kind !== "image") return true;
    return settings.scanned.includes(content.platform);
  }

  function statusAt(repository: string, part: Part, check: CheckName, moment: number): Status {
    const content = contentOf(part.content);
    if (content.kind !== "image" || !isThere({ repository, content: part.content }, moment))
      return "not-found";
    if (!covers(check, part.content)) return "not covered";
    switch (check) {
      case "nobody":
        return ["", "root", "0", "0:0"].includes(content.user) ? "fail" : "pass";
      case "diy":
        return settings.validRepos && standingOf(repository) === "ours" ? "pass" : "fail";
      case "snakeoil":
        return scanned(repository, content, moment);
      case "provenance":
        return built(repository, part, moment);
    }
  }

  function scanned(
    repository: string,
    { name, platform }: Content & { kind: "image" },
    moment: number,
  ): Status {
    const seen = (scans.get(keyOf({ repository, content: name })) ?? []).filter(
      ({ visible }) => visible <= moment,
    );
    const last = seen.at(-1)?.state;
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
        return isGoogles(repository) && platform !== "linux/amd64" ? "no-evidence" : "waits for scan";
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

  function between(from: number, to: number): readonly number[] {
    return [from, ...moments.filter((moment) => from < moment && moment <= to)];
  }

  function statuses({ repository }: Place, part: Part, check: CheckName, from: number, to: number) {
    const said = new Set(between(from, to).map((moment) => statusAt(repository, part, check, moment)));
    return isThere({ repository, content: part.content }, from - STALE_MS) ? said : said.add("not-found");
  }

  /** The ways in which a review may come to an image: by itself, or through an index. */
  function viewsOf(name: ContentName): readonly Part[] {
    const throughIndexes = contents.flatMap((content) =>
      content.kind === "index" ? partsOf(content).filter((part) => part.content === name) : [],
    );
    return [{ content: name, via: [] }, ...throughIndexes];
  }

  const known = new Map<string, number>();
  function rightFrom(repository: string, claim: Claim): number {
    const key = `${repository} ${claim.content} ${claim.check}`;
    const moment = known.get(key) ?? firstRight(repository, claim);
    known.set(key, moment);
    return moment;
  }

  function firstRight(repository: string, { content, check }: Claim): number {
    const scope = scopeOf({ repository, content });
    if (contentOf(content).kind === "image") {
      if (!covers(check, content)) return Infinity;
      const passes = (moment: number) =>
        viewsOf(content)
          .filter(({ via }) => via.every((name) => isThere({ repository, content: name }, moment)))
          .some((part) => statusAt(repository, part, check, moment) === "pass");
      return between(0, Infinity).find(passes) ?? Infinity;
    }
    if (scope.kind !== "reviewed" || !scope.owesIndex) return Infinity;
    if (!scope.parts.some((part) => covers(check, part.content))) return Infinity;
    const held = scope.parts.map((part) =>
      covers(check, part.content)
        ? rightFrom(repository, { content: part.content, check })
        : (uploads.get(keyOf({ repository, content: part.content })) ?? Infinity),
    );
    return Math.max(uploads.get(keyOf({ repository, content })) ?? Infinity, ...held);
  }

  return {
    scopeOf,
    isThere,
    statuses,
    rightFrom,
    scanning(place, from, to) {
      const all = scans.get(keyOf(place)) ?? [];
      const began = all.findLastIndex(({ at }) => at <= from);
      const meanwhile = all.slice(Math.max(0, began)).filter(({ at }) => at <= to);
      const open = meanwhile.filter(({ state }) => state === "pending" || state === "scanning");
      if (open.length === 0) return "never";
      return open.length === meanwhile.length ? "throughout" : "at times";
    },
    owed(place, from, to) {
      const scope = scopeOf(place);
      if (scope.kind !== "reviewed" || !isThere(place, from - STALE_MS)) return [];
      return settings.checks.flatMap((check) => {
        const said = scope.parts.map((part) => ({ part, all: statuses(place, part, check, from, to) }));
        const surely = (status: Status) => said.filter(({ all }) => all.size === 1 && all.has(status));
        const passed = surely("pass");
        const ofIndex =
          scope.owesIndex &&
          passed.length > 0 &&
          passed.length + surely("not covered").length === said.length;
        return [
          ...passed.map(({ part }) => ({ content: part.content, check })),
          ...(ofIndex ? [{ content: place.content, check }] : []),
        ];
      });
    },
  };
}

function keyOf({ repository, content }: Place): string {
  return `${repository} ${content}`;
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  lists.set(key, [...(lists.get(key) ?? []), item]);
}
