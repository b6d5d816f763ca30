export interface Seen {
  readonly method: string;
  readonly kind: string;
  readonly path: string;
}

const MOST_KEPT = 10_000;

/** The requests that an embedded server received: counted without end, the latest 10,000 also kept. */
export class Traffic {
  #seen: Seen[] = [];
  #counts = new Map<string, number>();
  #now = 0;
  #peak = 0;

  /** Counts one request, whatever becomes of it. Returns what to call when it is answered. */
  began(seen: Seen): () => void {
    this.#seen.push(seen);
    if (this.#seen.length > MOST_KEPT) this.#seen.shift();
    const key = keyOf(seen);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#now += 1;
    this.#peak = Math.max(this.#peak, this.#now);
    return () => {
      this.#now -= 1;
    };
  }

  /** The latest requests, in the order they came. */
  get requests(): readonly Seen[] {
    return [...this.#seen];
  }

  /** The largest number of requests that were in the server at once. */
  get peak(): number {
    return this.#peak;
  }

  /** How many requests came, of one method or kind or of all. */
  count(only: { readonly method?: string; readonly kind?: string } = {}): number {
    let total = 0;
    for (const [key, count] of this.#counts) {
      const [method, kind] = key.split(" ");
      if ((only.method ?? method) === method && (only.kind ?? kind) === kind) total += count;
    }
    return total;
  }

  /** Forgets what came so far. */
  reset(): void {
    this.#seen = [];
    this.#counts = new Map();
    this.#peak = this.#now;
  }
}

function keyOf({ method, kind }: Seen): string {
  return `${method} ${kind}`;
}
