import type { Backend, OpenSpan } from "../../lib/telemetry/backend.ts";

export interface MemoryBackend extends Backend {
  /** What it was told so far, each as one line: `count pending snakeoil`, `begin resolve`, `end resolve`. */
  readonly told: readonly string[];
  /** What had been told at each flush. */
  readonly flushed: readonly number[];
  /** What a flush waits for; without, it is done at once. */
  sending: () => Promise<void>;
}

/** A backend that keeps what it is told. Its traces have the ids that they continue, or zeros with a one. */
export function memoryBackend(): MemoryBackend {
  const told: string[] = [];
  const flushed: number[] = [];
  const span = (name: string, traceId: string): OpenSpan => {
    told.push(`begin ${name}`);
    return {
      trace: { traceId, spanId: "00000000000000aa", sampled: true },
      child: (below) => span(below, traceId),
      describe: (attributes) => void told.push(`describe ${name} ${JSON.stringify(attributes)}`),
      end: (fault) => void told.push(`end ${name}${fault === undefined ? "" : ` with ${String(fault)}`}`),
    };
  };
  const backend: MemoryBackend = {
    told,
    flushed,
    sending: async () => {},
    count: (what, { check = "" }) => void told.push(`count ${what} ${check}`.trim()),
    time: (what, milliseconds) => void told.push(`time ${what} ${milliseconds >= 0 ? "ms" : "?"}`),
    open: ({ name, trace }) => span(name, trace?.traceId ?? `${"0".repeat(31)}1`),
    flush() {
      flushed.push(told.length);
      return backend.sending();
    },
    close: async () => void told.push("close"),
  };
  return backend;
}
