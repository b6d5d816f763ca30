import { factsOf, type Part, type Status } from "./facts.ts";
import type { CheckName, Content, ContentName, History, Place } from "./history.ts";

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
  /**
   * What has to be attested in the end because `place` was announced at `moment`: it passes before patience ends, nothing
   * ever speaks against it, and it passes from then on.
   */
  certain(place: Place, moment: number): readonly Claim[];
  /** The first moment from which on an attestation can be rightly made; infinity where there is none. */
  rightFrom(repository: string, claim: Claim): number;
}

/** A review may share a request to the registry that was on its way before it began, for so long at the most. */
export const STALE_MS = 30_000;

export function createOracle(history: History): Oracle {
  const { settings, contents, repositories } = history;
  const facts = factsOf(history);
  const { contentOf, covers, uploaded, isThere, statusAt, between } = facts;

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
    const { standing } = repositories.find((one) => one.name === repository) ?? {};
    if (settings.validRepos && standing === "on a strange host") return { kind: "not contacted" };
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

  function statuses({ repository }: Place, part: Part, check: CheckName, from: number, to: number) {
    const said = new Set(between(from, to).map((moment) => statusAt(repository, part, check, moment)));
    return isThere({ repository, content: part.content }, from - STALE_MS) ? said : said.add("not-found");
  }

  /** The parts of which `passes` says so, and the index where it says so of all that count. */
  function claimsOf(
    { content }: Place,
    scope: Extract<Scope, { kind: "reviewed" }>,
    passes: (part: Part, check: CheckName) => boolean | "not covered",
  ): readonly Claim[] {
    return settings.checks.flatMap((check) => {
      const said = scope.parts.map((part) => ({ part, passed: passes(part, check) }));
      const passed = said.filter((one) => one.passed === true);
      const isWhole = passed.length > 0 && said.every((one) => one.passed !== false);
      return [
        ...passed.map(({ part }) => ({ content: part.content, check })),
        ...(scope.owesIndex && isWhole ? [{ content, check }] : []),
      ];
    });
  }

  /** The ways in which a review may come to an image: by itself, or through an index. */
  function viewsOf(name: ContentName): readonly Part[] {
    const throughIndexes = contents.flatMap((content) =>
      content.kind === "index" ? partsOf(content).filter((part) => part.content === name) : [],
    );
    return [{ content: name, via: [] }, ...throughIndexes];
  }

  function firstRight(repository: string, { content, check }: Claim): number {
    if (contentOf(content).kind === "image") {
      if (!covers(check, content)) return Infinity;
      const passes = (moment: number) =>
        viewsOf(content)
          .filter(({ via }) => via.every((name) => isThere({ repository, content: name }, moment)))
          .some((part) => statusAt(repository, part, check, moment) === "pass");
      return between(0, Infinity).find(passes) ?? Infinity;
    }
    const scope = scopeOf({ repository, content });
    if (scope.kind !== "reviewed" || !scope.owesIndex) return Infinity;
    if (!scope.parts.some((part) => covers(check, part.content))) return Infinity;
    const held = scope.parts.map((part) =>
      covers(check, part.content)
        ? rightFrom(repository, { content: part.content, check })
        : uploaded({ repository, content: part.content }),
    );
    return Math.max(uploaded({ repository, content }), ...held);
  }

  const known = new Map<string, number>();
  function rightFrom(repository: string, claim: Claim): number {
    const key = `${repository} ${claim.content} ${claim.check}`;
    const moment = known.get(key) ?? firstRight(repository, claim);
    known.set(key, moment);
    return moment;
  }

  return {
    scopeOf,
    isThere,
    statuses,
    rightFrom,
    scanning(place, from, to) {
      const all = facts.scansOf(place);
      const began = all.findLastIndex(({ at }) => at <= from);
      const meanwhile = all.slice(Math.max(0, began)).filter(({ at }) => at <= to);
      const open = meanwhile.filter(({ state }) => state === "pending" || state === "scanning");
      if (open.length === 0) return "never";
      return open.length === meanwhile.length ? "throughout" : "at times";
    },
    owed(place, from, to) {
      const scope = scopeOf(place);
      if (scope.kind !== "reviewed" || !isThere(place, from - STALE_MS)) return [];
      return claimsOf(place, scope, (part, check) => {
        const [said, ...others] = statuses(place, part, check, from, to);
        if (others.length > 0) return false;
        return said === "not covered" ? said : said === "pass";
      });
    },
    certain(place, moment) {
      const { repository } = place;
      const scope = scopeOf(place);
      const from = Math.max(moment, uploaded(place));
      if (scope.kind !== "reviewed" || from === Infinity) return [];
      const { maxMinutes, services } = settings;
      const patience = Math.max(from, moment + maxMinutes * 60_000 - 2 * services.skew);
      return claimsOf(place, scope, (part, check) => {
        const at = (since: number, until: number) =>
          between(since, until).map((one) => statusAt(repository, part, check, one));
        const meanwhile = at(from, patience);
        if (meanwhile.every((status) => status === "not covered")) return "not covered";
        // Of a child that has just come somebody may still be told that it is not there, and for good.
        const child = { repository, content: part.content };
        if (part.via.length > 0 && !isThere(child, from - STALE_MS)) return false;
        const isOpen = meanwhile.every((status) => status === "pass" || status.startsWith("waits"));
        return isOpen && at(patience, Infinity).every((status) => status === "pass");
      });
    },
  };
}
