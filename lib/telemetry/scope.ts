import { AsyncLocalStorage } from "node:async_hooks";
import type { Service, Stage, Took, Trail } from "../ports.ts";
import type { Attributes, OpenSpan, Trace } from "./backend.ts";

/** A stage that something is at work in, or was. */
interface Visited {
  running: number;
  /** When the first of those at work began. */
  since: number;
  /** What it took before that, in milliseconds. */
  before: number;
  span?: OpenSpan | undefined;
  fault?: unknown;
}

/** One whole that is being followed, and what it took so far. */
export class Scope implements Trail {
  /** Its own span's, where it has one; else the one that it continues. */
  readonly trace: Trace | undefined;
  readonly #span: OpenSpan | undefined;
  readonly #stages = new Map<Stage, Visited>();
  readonly #requests = new Map<Service, number>();

  constructor(continues: Trace | undefined, span: OpenSpan | undefined) {
    this.trace = span?.trace ?? continues;
    this.#span = span;
  }

  async stage<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const visited = this.#visit(stage);
    try {
      return await work();
    } catch (fault) {
      visited.fault ??= fault;
      throw fault;
    } finally {
      leave(visited);
    }
  }

  request(service: Service): void {
    this.#requests.set(service, (this.#requests.get(service) ?? 0) + 1);
  }

  took(): Took {
    const durations = [...this.#stages].map(([stage, visited]) => [stage, Math.round(durationOf(visited))]);
    return { durations: Object.fromEntries(durations), requests: Object.fromEntries(this.#requests) };
  }

  describe(attributes: Attributes): void {
    this.#span?.describe(attributes);
  }

  end(fault?: unknown): void {
    this.#span?.end(fault);
  }

  #visit(stage: Stage): Visited {
    const visited = this.#stages.get(stage) ?? { running: 0, since: 0, before: 0 };
    this.#stages.set(stage, visited);
    if (visited.running === 0) {
      visited.since = performance.now();
      visited.span = this.#span?.child(stage);
    }
    visited.running += 1;
    return visited;
  }
}

function leave(visited: Visited): void {
  visited.running -= 1;
  if (visited.running > 0) return;
  visited.before += performance.now() - visited.since;
  visited.span?.end(visited.fault);
  visited.span = undefined;
  visited.fault = undefined;
}

function durationOf({ running, since, before }: Visited): number {
  return running === 0 ? before : before + performance.now() - since;
}

const scopes = new AsyncLocalStorage<Scope>();

/** The whole that the code which asks is part of. */
export function currentScope(): Scope | undefined {
  return scopes.getStore();
}

export function runInScope<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
  return scopes.run(scope, work);
}
