import type { Observer } from "../ports.ts";
import type { Backend } from "./backend.ts";
import { currentScope, runInScope, Scope } from "./scope.ts";
import { Sender, type SenderOptions } from "./sender.ts";

export interface ObserverOptions extends Omit<SenderOptions, "open"> {
  readonly open?: SenderOptions["open"] | undefined;
}

/** An observer whose backend can be let go of. */
export interface ClosableObserver extends Observer {
  close(): Promise<void>;
}

/**
 * Follows what happens: its log entries, its durations and requests, and, where `open` gives a backend, measurements and spans.
 * Without one nothing is loaded, measured or sent.
 */
export function createObserver({ log, open, ...bounds }: ObserverOptions): ClosableObserver {
  const sender = open === undefined ? undefined : new Sender({ log, open, ...bounds });
  const tell = (something: (backend: Backend) => void) => sender?.tell(something);
  return {
    record: (severity, message, fields) => log.record(severity, message, fields),
    async follow(followed, work) {
      const outer = currentScope();
      if (outer !== undefined) return await work(outer);
      const scope = new Scope(followed.trace, await sender?.begin(followed));
      try {
        const result = await runInScope(scope, () => work(scope));
        scope.end();
        return result;
      } catch (fault) {
        scope.end(fault);
        throw fault;
      } finally {
        await sender?.flush();
      }
    },
    stage: (stage, work) => currentScope()?.stage(stage, work) ?? work(),
    request(service) {
      currentScope()?.request(service);
      if (service === "registry") tell((backend) => backend.count("registry.requests", {}));
    },
    count: (what, about = {}) => tell((backend) => backend.count(what, about)),
    time(what, about = {}) {
      if (sender === undefined) return () => {};
      const since = performance.now();
      return () => tell((backend) => backend.time(what, performance.now() - since, about));
    },
    close: async () => sender?.close(),
  };
}
