/** A series as Datadog's `POST /api/v1/series` takes it; times in seconds since 1970. */
export interface Series {
  readonly metric: string;
  readonly type: "count" | "gauge";
  readonly points: readonly (readonly [second: number, value: number])[];
  readonly tags: readonly string[];
}

/** What happened to one metric with one set of tags within one second. */
interface Second {
  readonly metric: string;
  readonly tags: readonly string[];
  readonly second: number;
  readonly kind: "count" | "times";
  readonly values: number[];
  sent: boolean;
}

/** How long a second may still change after its end: none does. */
const KEPT_SECONDS = 2;

/**
 * Adds up what is measured, second by second. Of a point that comes twice for the same second Datadog keeps the later one, so
 * a second that goes on after it was sent is sent again, whole.
 */
export class DatadogSeries {
  readonly #tags: readonly string[];
  readonly #now: () => number;
  readonly #seconds = new Map<string, Second>();

  /** `now` is in milliseconds since 1970. */
  constructor(tags: readonly string[], now: () => number = Date.now) {
    this.#tags = tags;
    this.#now = now;
  }

  count(metric: string, tags: readonly string[]): void {
    this.#add(metric, tags, "count", 1);
  }

  time(metric: string, milliseconds: number, tags: readonly string[]): void {
    this.#add(metric, tags, "times", Math.round(milliseconds));
  }

  /** What was measured since it was asked last. */
  take(): readonly Series[] {
    const changed = [...this.#seconds.values()].filter(({ sent }) => !sent);
    for (const second of changed) second.sent = true;
    const past = this.#second() - KEPT_SECONDS;
    for (const [key, { second }] of this.#seconds) if (second < past) this.#seconds.delete(key);
    return changed.flatMap(toSeries);
  }

  #add(metric: string, own: readonly string[], kind: Second["kind"], value: number): void {
    const second = this.#second();
    const tags = [...this.#tags, ...own];
    const key = JSON.stringify([metric, second, tags]);
    const held = this.#seconds.get(key) ?? { metric, tags, second, kind, values: [], sent: false };
    held.values.push(value);
    held.sent = false;
    this.#seconds.set(key, held);
  }

  #second(): number {
    return Math.floor(this.#now() / 1000);
  }
}

/** Five gauges for times, under the endings that Voucher gives them. */
function toSeries({ metric, tags, second, kind, values }: Second): readonly Series[] {
  const sum = values.reduce((total, value) => total + value, 0);
  const one = (ending: string, type: Series["type"], value: number): Series => ({
    metric: `${metric}${ending}`,
    type,
    points: [[second, value]],
    tags,
  });
  if (kind === "count") return [one("", "count", sum)];
  const sorted = values.toSorted((a, b) => a - b);
  return [
    one(".count", "gauge", values.length),
    one(".avg", "gauge", sum / values.length),
    one(".95percentile", "gauge", percentile(sorted, 0.95)),
    one(".99percentile", "gauge", percentile(sorted, 0.99)),
    one(".max", "gauge", sorted.at(-1) ?? 0),
  ];
}

/** The least value that at least this part of them does not exceed. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
}
