import { originOf } from "../../lib/delivery/copy.ts";
import { deliver } from "../../lib/delivery/deliver.ts";
import { publishCopy } from "../../lib/delivery/publish-copy.ts";
import type { Settlement } from "../../lib/delivery/settle.ts";
import { parseEnvelope } from "../../lib/event/envelope.ts";
import { type Canonical, canonical } from "../../lib/image/reference.ts";
import type { ResolvedImage } from "../../lib/image/resolved.ts";
import type { Found, Put, PutAnswer, Vulnerability } from "../../lib/ports.ts";
import type { Core, Ports } from "./instance.ts";

/** Parts of the program with a fault in them that takes more than a line. */

type Attesting = Ports["attesting"];

export const ATTESTED: Settlement = { status: 204, outcome: "attested", severity: "INFO" };

export function attesting(change: (attesting: Attesting, ports: Ports) => Partial<Attesting>): Partial<Core> {
  return {
    ports: (ports) => ({ ...ports, attesting: { ...ports.attesting, ...change(ports.attesting, ports) } }),
  };
}

export function storing(change: (store: Attesting["store"]) => Partial<Attesting["store"]>): Partial<Core> {
  return attesting(({ store }) => ({ store: { ...store, ...change(store) } }));
}

export function answering(change: (answer: PutAnswer) => PutAnswer): Partial<Core> {
  return storing((store) => ({ put: async (...asked) => (await store.put(...asked)).map(change) }));
}

export function resolving(change: (image: ResolvedImage) => ResolvedImage): Partial<Core> {
  return {
    ports: (ports) => ({
      ...ports,
      resolver: { resolve: async (...asked) => change(await ports.resolver.resolve(...asked)) },
    }),
  };
}

/** Keeps an answer by digest alone. */
export function resolvingOncePerDigest(): Partial<Core> {
  return {
    ports(ports) {
      const cache = new Map<string, ResolvedImage>();
      return {
        ...ports,
        resolver: {
          async resolve(reference, signal) {
            const known = cache.get(reference.digest ?? "");
            if (known !== undefined) return movedTo(reference, known);
            const resolved = await ports.resolver.resolve(reference, signal);
            cache.set(resolved.reference.digest, resolved);
            return resolved;
          },
        },
      };
    },
  };
}

function movedTo(to: Pick<Canonical, "registry" | "repository">, image: ResolvedImage): ResolvedImage {
  const moved = <T extends { readonly reference: Canonical }>(one: T): T => ({
    ...one,
    reference: canonical(to, one.reference.digest),
  });
  if (image.kind === "image") return { ...moved(image), image: moved(image.image) };
  return image.kind === "index" ? { ...moved(image), images: image.images.map(moved) } : moved(image);
}

/** Keeps how far a scan was when it was first asked for. */
export function scanningOnce(): Partial<Core> {
  return {
    ports(ports) {
      const cache = new Map<string, Promise<Found<readonly Vulnerability[]>>>();
      return {
        ...ports,
        evidence: {
          of: (images, signal) =>
            ports.evidence.of(images, signal).map((evidence) => ({
              ...evidence,
              vulnerabilities() {
                const { digest } = evidence.image.reference;
                const found = cache.get(digest) ?? evidence.vulnerabilities();
                cache.set(digest, found);
                return found;
              },
            })),
        },
      };
    },
  };
}

/** Attests an index as soon as any child of it has passed. */
export function attestingIndexesEarly(): Partial<Core> {
  return {
    ports(ports) {
      const { store, signer } = ports.attesting;
      const indexes = new Map<string, Canonical>();
      return {
        ...ports,
        resolver: {
          async resolve(...asked) {
            const image = await ports.resolver.resolve(...asked);
            if (image.kind === "index") {
              for (const child of image.images) indexes.set(child.reference.digest, image.reference);
            }
            return image;
          },
        },
        attesting: {
          ...ports.attesting,
          store: {
            ...store,
            async put(puts, signal) {
              const more: Put[] = [];
              for (const { attestation } of puts) {
                const { checkName } = attestation;
                const subject = indexes.get(attestation.subject.digest);
                if (subject === undefined) continue;
                const payload = store.format.payloadOf({ checkName, subject, platforms: [] });
                const signature = await signer.sign(checkName, payload, signal);
                more.push({ attestation: { checkName, subject, payload, signature } });
              }
              return (await store.put([...puts, ...more], signal)).slice(0, puts.length);
            },
          },
        },
      };
    },
  };
}

/** Believes that a message which an instance has seen is being taken care of. */
export function deliveringOnce(): Core["deliver"] {
  const seen = new WeakMap<object, Set<string>>();
  return async (request, settings, ports) => {
    const [, id = ""] = /"messageId":"(\w+)"/.exec(Buffer.from(request.body).toString()) ?? [];
    const known = seen.get(ports) ?? new Set();
    seen.set(ports, known);
    if (known.has(id)) return ATTESTED;
    known.add(id);
    return await deliver(request, settings, ports);
  };
}

/** Gives an event up after so many deliveries, though it only waits. */
export const countingWhileWaiting: Core["deliver"] = async (request, settings, ports) => {
  const settlement = await deliver(request, settings, ports);
  const envelope = parseEnvelope(request.headers, request.body);
  const { deliveryAttempt: attempt = 0 } = envelope;
  const { maxAttempts = Number.POSITIVE_INFINITY } = settings;
  if (settlement.outcome !== "retry" || attempt < maxAttempts) return settlement;
  const givenUp = {
    status: 204,
    outcome: "dead-lettered",
    deadLetter: "attempts",
    severity: "ERROR",
  } as const;
  const origin = originOf(envelope, ports.clock.now());
  return await publishCopy(givenUp, { original: envelope, origin }, ports);
};
