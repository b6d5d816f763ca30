/** What became of one event. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** In a word or two, to count by: the checks that failed, what is awaited, the code of an error. */
  readonly reason?: string | undefined;
  /** One sentence for people. */
  readonly sentence?: string | undefined;
}

/**
 * `approved` and `rejected` were decided, `published` went to a topic, `ignored` needs no decision; `pending` and `failed` are
 * tried again the next time. `selected` would have been replayed.
 */
export type OutcomeKind =
  | "approved"
  | "rejected"
  | "published"
  | "ignored"
  | "pending"
  | "failed"
  | "selected";

/** How many events there were of each kind. */
export interface Summary {
  /** What the source held. */
  readonly seen: number;
  /** What was selected of it. */
  readonly matched: number;
  /** What was decided, published or ignored. */
  readonly done: number;
  readonly approved: number;
  readonly rejected: number;
  readonly pending: number;
  readonly failed: number;
  readonly ignored: number;
  /** What an earlier run had done, by the checkpoint. */
  readonly resumed: number;
}

/** How many events had one outcome, for one reason. */
export interface Group {
  readonly kind: OutcomeKind;
  readonly reason: string;
  readonly count: number;
  /** What was said of the first of them. */
  readonly sentence?: string;
}

/** Reasons may name images, and events may be many. */
const MOST_GROUPS = 500;
/** What tells one image's reason from another's. */
const DIGEST = /\bsha(?:256|512)[-:][0-9a-f]{64,128}\b/g;
const OTHERS = "other reasons";
const DONE: readonly OutcomeKind[] = ["approved", "rejected", "published", "ignored"];
const ORDER: readonly OutcomeKind[] = [...DONE, "pending", "failed", "selected"];

/** Whether nothing is left to do about an event. */
export function isDone({ kind }: Outcome): boolean {
  return DONE.includes(kind);
}

/** Counts what becomes of events. */
export function createTally() {
  const counts = new Map<OutcomeKind | "seen" | "matched" | "resumed", number>();
  const groups = new Map<string, Group>();
  const count = (name: OutcomeKind | "seen" | "matched" | "resumed") => counts.get(name) ?? 0;
  const add = (name: OutcomeKind | "seen" | "matched" | "resumed") => counts.set(name, count(name) + 1);

  return {
    seen: () => void add("seen"),
    matched: () => void add("matched"),
    resumed: () => void add("resumed"),
    outcome({ kind, reason: said = "", sentence: own }: Outcome): void {
      add(kind);
      const given = said.replace(DIGEST, "sha…");
      const known = groups.has(`${kind} ${given}`) || groups.size < MOST_GROUPS;
      const reason = known ? given : OTHERS;
      const key = `${kind} ${reason}`;
      const { count: before = 0, sentence = own } = groups.get(key) ?? {};
      groups.set(key, { kind, reason, count: before + 1, ...(sentence === undefined ? {} : { sentence }) });
    },
    summary: (): Summary => ({
      seen: count("seen"),
      matched: count("matched"),
      done: DONE.reduce((sum, kind) => sum + count(kind), 0),
      approved: count("approved"),
      rejected: count("rejected"),
      pending: count("pending"),
      failed: count("failed"),
      ignored: count("ignored"),
      resumed: count("resumed"),
    }),
    /** By outcome, the most frequent reason first; in the same order in every run. */
    groups: (): readonly Group[] =>
      [...groups.values()].sort(
        (a, b) =>
          ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
          b.count - a.count ||
          (a.reason < b.reason ? -1 : 1),
      ),
  };
}

export type Tally = ReturnType<typeof createTally>;
