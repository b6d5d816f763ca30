import { pass } from "../../lib/check/contract.ts";
import { FIRST_SEEN } from "../../lib/delivery/copy.ts";
import { VoucherError } from "../../lib/errors.ts";
import { canonical } from "../../lib/image/reference.ts";
import type { Sink } from "../../lib/replay/replay.ts";
import { type Core, REAL_CORE } from "./instance.ts";
import {
  ATTESTED,
  answering,
  attesting,
  attestingIndexesEarly,
  countingWhileWaiting,
  deliveringOnce,
  resolving,
  resolvingOncePerDigest,
  scanningOnce,
  storing,
} from "./planted-parts.ts";

/** A fault of the program that the simulation has to find. */
export interface Planted {
  /** What the program does wrong, to be read after "finds a program that". */
  readonly fault: string;
  readonly core: Core;
}

/** The real program with some of its parts replaced. */
function planted(fault: string, parts: Partial<Core>): Planted {
  return { fault, core: { ...REAL_CORE, ...parts } };
}

export const PLANTED: readonly Planted[] = [
  planted("acknowledges before anything is stored", {
    async deliver(...delivery) {
      void REAL_CORE.deliver(...delivery);
      return ATTESTED;
    },
  }),

  planted(
    "takes a conflict for success",
    answering((answer) => (answer.status === "conflict" ? { status: "stored" } : answer)),
  ),

  planted(
    "takes what could not be stored for stored",
    answering((answer) => (answer.status === "failed" ? { status: "stored" } : answer)),
  ),

  planted("loses the rest of a batch that failed", {
    google: (transport) => ({
      ...transport,
      async send(request, what, signal) {
        const answer = await transport.send(request, what, signal);
        if (!request.url.endsWith(":batchCreate") || answer.status < 400) return answer;
        return { ...answer, status: 200, bytes: Buffer.from(request.body ?? "") };
      },
    }),
  }),

  planted("attests an index while a child is pending", attestingIndexesEarly()),

  planted(
    "passes over the child of an index that cannot be read",
    resolving((image) => (image.kind === "index" ? { ...image, unresolved: [] } : image)),
  ),

  planted(
    "counts an attestation of any key that it knows",
    attesting(({ keyRing }) => ({
      keyRing: {
        async verify(checkName, bytes, signature, signal) {
          const verdict = await keyRing.verify(checkName, bytes, signature, signal);
          return verdict.counts || !signature.keyId.startsWith("key-")
            ? verdict
            : { counts: true, keyId: signature.keyId };
        },
      },
    })),
  ),

  planted(
    "signs for every check with one key",
    attesting(({ signer }) => ({
      signer: { sign: (_checkName, bytes, signal) => signer.sign("nobody", bytes, signal) },
    })),
  ),

  planted("caches what an image resolves to without its repository", resolvingOncePerDigest()),

  planted("caches for good that a scan has not finished", scanningOnce()),

  planted("lets an image pass that nobody has scanned", {
    checks: (checks) =>
      checks.map((check) => ({
        ...check,
        judge: async (evidence) => {
          const outcome = await check.judge(evidence);
          return outcome.status === "pending" ? pass : outcome;
        },
      })),
  }),

  planted("resets voucher-first-seen in the copy of an event that waits", {
    ports: (ports) => ({
      ...ports,
      publisher: {
        ...ports.publisher,
        publish(topic, { data, attributes }, signal) {
          const first = topic === "waiting" ? { [FIRST_SEEN]: ports.clock.now().toISOString() } : {};
          return ports.publisher.publish(topic, { data, attributes: { ...attributes, ...first } }, signal);
        },
      },
    }),
  }),

  planted("acknowledges an event whose copy could not be published", {
    ports: (ports) => ({
      ...ports,
      publisher: {
        ...ports.publisher,
        publish: (...asked) => ports.publisher.publish(...asked).catch(() => undefined),
      },
    }),
  }),

  planted("gives up what has not been pushed yet", {
    ports: (ports) => ({
      ...ports,
      resolver: {
        resolve: (...asked) =>
          ports.resolver.resolve(...asked).catch((fault: unknown) => {
            const isGone = fault instanceof VoucherError && fault.code === "not-found";
            throw isGone ? new VoucherError("unsupported", "it is gone") : fault;
          }),
      },
    }),
  }),

  planted("takes the second delivery of an event for done", { deliver: deliveringOnce() }),

  planted("acknowledges an announcement that it could not follow", {
    async deliverOccurrence(...delivery) {
      const settlement = await REAL_CORE.deliverOccurrence(...delivery);
      return settlement.outcome === "retry" ? ATTESTED : settlement;
    },
  }),

  planted(
    "attests under the name that the image was tagged by",
    storing((store) => ({
      format: {
        ...store.format,
        payloadOf: ({ subject, ...claim }) =>
          store.format.payloadOf({
            ...claim,
            subject: canonical({ ...subject, repository: `${subject.repository}/latest` }, subject.digest),
          }),
      },
    })),
  ),

  planted(
    "does not look at what stands before it attests",
    storing(() => ({ list: async () => [] })),
  ),

  planted("knows no deadline", {
    ports: (ports) => ({
      ...ports,
      clock: { ...ports.clock, deadline: () => new AbortController().signal },
    }),
  }),

  planted("goes on with an event that waits for ever", {
    deliver: (request, settings, ports) =>
      REAL_CORE.deliver(request, { ...settings, maxMinutes: 100_000 }, ports),
  }),

  planted("gives up events that wait by the number of their deliveries", { deliver: countingWhileWaiting }),

  planted("writes a replay's checkpoint before the work", {
    replay(request, listener, stop) {
      const { sink, checkpoint } = request;
      const early: Sink = async (event) => {
        await checkpoint.add(event.key);
        return (await sink?.(event)) ?? { kind: "failed" };
      };
      return REAL_CORE.replay({ ...request, sink: early }, listener, stop);
    },
  }),
];
