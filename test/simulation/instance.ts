import { makeCheck } from "../../lib/check/catalog.ts";
import type { Check } from "../../lib/check/contract.ts";
import {
  type DeliveryPorts,
  type DeliverySettings,
  deliver,
  type PushRequest,
} from "../../lib/delivery/deliver.ts";
import { deliverOccurrence } from "../../lib/delivery/deliver-occurrence.ts";
import type { Settlement } from "../../lib/delivery/settle.ts";
import { createAnnouncements } from "../../lib/evidence/announced.ts";
import { createEvidenceSource } from "../../lib/evidence/evidence.ts";
import { createRest } from "../../lib/google/rest.ts";
import type { Transport } from "../../lib/google/transport.ts";
import { createArtifactAnalysis } from "../../lib/grafeas/artifact-analysis.ts";
import { createGrafeasClient } from "../../lib/grafeas/client.ts";
import { createOpenSourceGrafeas } from "../../lib/grafeas/open-source.ts";
import { createOpenSourceClient } from "../../lib/grafeas/open-source-client.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import type { Announcements, Clock, Observer, Publisher } from "../../lib/ports.ts";
import { createRegistry } from "../../lib/registry/registry.ts";
import type { Transport as RegistryTransport } from "../../lib/registry/transport.ts";
import { reviewInProcess } from "../../lib/replay/in-process.ts";
import { replay, type Sink } from "../../lib/replay/replay.ts";
import { publishToTopic } from "../../lib/replay/to-topic.ts";
import type { Pace } from "../../lib/retry.ts";
import { createGrafeasStore } from "../../lib/store/grafeas.ts";
import type { Settings } from "./history.ts";
import { type Keys, simulatedKeyRing, simulatedSigner } from "./keys.ts";
import { BUILDER, PROJECTS, VALID_REPOS } from "./names.ts";
import type { Caller, Wire } from "./wire.ts";

/** Everything that the core is given. */
export type Ports = Omit<DeliveryPorts, "attesting"> & {
  readonly attesting: NonNullable<DeliveryPorts["attesting"]>;
  readonly announcements: Announcements;
};

/** The parts of the program that a fault can be planted in. */
export interface Core {
  readonly deliver: typeof deliver;
  readonly deliverOccurrence: typeof deliverOccurrence;
  readonly checks: (checks: readonly Check[]) => readonly Check[];
  readonly ports: (ports: Ports) => Ports;
  readonly google: (transport: Transport) => Transport;
  readonly replay: typeof replay;
}

export const REAL_CORE: Core = {
  deliver,
  deliverOccurrence,
  checks: (checks) => checks,
  ports: (ports) => ports,
  google: (transport) => transport,
  replay,
};

/** The program as one instance runs it: all of it is real but what lies behind its ports. */
export interface Program {
  push(request: PushRequest): Promise<Settlement>;
  occurrence(request: PushRequest): Promise<Settlement>;
  /** What `voucher replay` does with each event. */
  sink(how: "topic" | "in process"): Sink;
}

/** What an instance finds when it starts. */
export interface Surroundings {
  readonly by: Caller;
  readonly wire: Wire;
  readonly settings: Settings;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly observer: Observer;
  readonly publisher: Publisher;
  readonly registry: RegistryTransport;
  readonly google: Transport;
}

const REVIEW_MS = 240_000;

/** Wires the program as lib/app.ts does, with caches that are empty. */
export function startProgram(surroundings: Surroundings, core: Core): Program {
  const { by, wire, settings, keys, clock, pace, observer, publisher } = surroundings;
  const endpoint = { base: "http://localhost", local: true };
  const noCredentials = { accessToken: async () => "" };
  const rest = createRest({
    endpoint,
    credentials: noCredentials,
    transport: core.google(surroundings.google),
    pace,
  });
  const isOpenSource = settings.services.server === "open source";
  const occurrences = (isOpenSource ? createOpenSourceGrafeas : createArtifactAnalysis)({ rest, observer });
  const ports = core.ports({
    clock,
    observer,
    publisher,
    resolver: createRegistry({ transport: surroundings.registry, pace }),
    evidence: createEvidenceSource(clock.now, { occurrences, imageProject: PROJECTS.images }),
    announcements: createAnnouncements(occurrences),
    attesting: {
      signer: simulatedSigner(by, wire, keys),
      keyRing: simulatedKeyRing(by, wire, keys),
      store: createGrafeasStore({
        project: PROJECTS.attestations,
        client: (isOpenSource ? createOpenSourceClient : createGrafeasClient)({ rest, observer }),
        pace,
      }),
    },
  });
  const delivery: DeliverySettings = {
    checks: core.checks(checksOf(settings)),
    platforms: {
      select: platformsOf(settings.platforms.select),
      index: settings.platforms.index,
    },
    onlyHostsOf: settings.validRepos ? VALID_REPOS : undefined,
    deadline: REVIEW_MS,
    maxAttempts: settings.maxAttempts,
    maxMinutes: settings.maxMinutes,
  };
  return {
    push: (request) => core.deliver(request, delivery, ports),
    occurrence: (request) => core.deliverOccurrence(request, delivery, ports),
    sink: (how) =>
      how === "topic" ? publishToTopic(ports.publisher, ports.clock) : reviewInProcess(delivery, ports),
  };
}

function checksOf({ checks, validRepos, scanned }: Settings): readonly Check[] {
  return checks.flatMap(
    (name) =>
      makeCheck(name, {
        validRepos: validRepos ? VALID_REPOS : undefined,
        failon: "high",
        snakeoil: { onlyFixable: false, platforms: platformsOf(scanned), allow: [] },
        trustedBuilderIdentities: [BUILDER],
        trustedProjects: [PROJECTS.builds],
      }) ?? [],
  );
}

function platformsOf(names: "all" | readonly string[]) {
  return names === "all" ? names : names.map(parsePlatform);
}
