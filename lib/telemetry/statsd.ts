import { StatsD } from "hot-shots";
import type { Backend } from "./backend.ts";
import { errorEvent, tagsOf } from "./dotted.ts";
import { DOTTED } from "./names.ts";

export interface StatsdOptions {
  readonly host: string;
  readonly port: number;
  /** Which part of the measurements is sent, above 0 and up to 1. */
  readonly sampleRate: number;
  /** `name:value`; every measurement bears them. */
  readonly tags: readonly string[];
}

/** What fits one datagram on every network. */
const DATAGRAM_BYTES = 1_400;

/** Measurements for a statsd server (DogStatsD's dialect, for its tags), over UDP. */
export function createStatsd({ host, port, sampleRate, tags }: StatsdOptions): Backend {
  let fault: Error | undefined;
  const client = new StatsD({
    host,
    port,
    protocol: "udp",
    sampleRate,
    globalTags: [...tags],
    includeDataDogTags: false,
    maxBufferSize: DATAGRAM_BYTES,
    cacheDns: true,
    errorHandler: (error) => {
      fault = error;
    },
  });
  client.socket.unref();
  return {
    count(what, about) {
      client.increment(DOTTED[what], 1, tagsOf(about));
      const event = errorEvent(what, about);
      if (event === undefined) return;
      const options = { alert_type: "error", priority: "low" } as const;
      client.event(event.title, event.text, options, [...event.tags]);
    },
    time: (what, milliseconds, about) => {
      client.timing(DOTTED[what], Math.round(milliseconds), tagsOf(about));
    },
    async flush() {
      const error = await settled((done) => client.flush(done));
      const failed = error ?? fault;
      fault = undefined;
      if (failed !== undefined) throw failed;
    },
    async close() {
      await settled((done) => client.close(done));
    },
  };
}

function settled(start: (done: (error?: Error) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => start((error) => resolve(error ?? undefined)));
}
