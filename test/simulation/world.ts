import { createObserver } from "../../lib/telemetry/observer.ts";
import { contentsOf } from "./contents.ts";
import { dataOf } from "./events.ts";
import { writeEvidence } from "./evidence.ts";
import { createFleet, type Instance, type Started } from "./fleet.ts";
import { foreignAttestation } from "./foreign.ts";
import { grafeasTransport } from "./grafeas.ts";
import { type Announced, createHandling, type Survey } from "./handling.ts";
import { AFTERMATH_MS, type Happening, type History, type PushEvent } from "./history.ts";
import { type Core, startProgram } from "./instance.ts";
import { type Keys, keysOf } from "./keys.ts";
import { isContacted, PROJECTS } from "./names.ts";
import { createOccurrences } from "./occurrences.ts";
import { createOracle } from "./oracle.ts";
import { createRegistry } from "./registry.ts";
import { type Replaying, runReplay } from "./replaying.ts";
import type { Scheduler } from "./scheduler.ts";
import { clockOf, paceOf } from "./time.ts";
import { createTokens, TOKEN_HOST } from "./tokens.ts";
import { createTopics } from "./topics.ts";
import { watchAttestations } from "./watch-attestations.ts";
import { watchClaims } from "./watch-claims.ts";
import { type DeliveryWatch, watchDeliveries } from "./watch-deliveries.ts";
import { watchRegistry } from "./watch-registry.ts";
import { createWire } from "./wire.ts";

/** A world in which a history can happen. */
export interface World {
  happen(happening: Happening): void;
  /** Feeds what was announced so far, or given up, again. */
  replay(asked: Pick<Replaying, "of" | "how" | "concurrency">): void;
  /** Requires everything that must be attested once nothing goes on: by the keys of now, or those of any time. */
  requireQuiet(keys: "now" | "ever"): void;
  readonly endings: DeliveryWatch["endings"];
  counts(): {
    readonly started: number;
    readonly killed: number;
    readonly attestations: number;
    readonly letters: number;
  };
}

export function createWorld(history: History, scheduler: Scheduler, core: Core): World {
  const { settings, weather, happenings } = history;
  const { services } = settings;
  const contents = contentsOf(history.contents);
  const oracle = createOracle(history);
  const rotation = happenings.find((happening) => happening.kind === "rotation");
  const versions = keysOf(settings.checks, rotation);
  const keysAt = (version: number): Keys => versions[version] ?? versions[0];
  const wire = createWire(scheduler, weather);

  /** Until when what was written may have been hidden from lists. */
  const writes: { readonly repository: string; readonly from: number; readonly until: number }[] = [];
  const wroteIn = (repository: string, lag: number) =>
    writes.push({ repository, from: scheduler.now(), until: scheduler.now() + lag });
  const occurrences = createOccurrences({
    services,
    now: scheduler.now,
    lag: () => scheduler.random.below(weather.lag + 1),
    batchConflict: () => (scheduler.random.chance(0.5) ? "partial" : "refused"),
    deleted: (by, document) => attestations.deleted(by.name, keysAt(by.version), document),
    wrote(by, document, replaced) {
      const [, repository = ""] = /^https:\/\/([^@]+)/.exec(document.resourceUri) ?? [];
      wroteIn(repository, weather.lag);
      attestations.wrote(by.name, keysAt(by.version), document, replaced);
    },
  });
  const attestations = watchAttestations({
    history,
    contents,
    oracle,
    scheduler,
    attestations: occurrences.attestations,
  });
  const mayContact = (host: string) => !settings.validRepos || isContacted(host) || host === TOKEN_HOST;
  const registry = createRegistry({
    wire,
    random: scheduler.random,
    contents,
    tokens: createTokens(services.tokenSeconds, scheduler.now),
    watch: watchRegistry(scheduler, mayContact),
  });
  const claims = watchClaims({ oracle, contents, checks: settings.checks, scheduler, attestations });
  const watch = watchDeliveries({ history, oracle, scheduler, claims });

  const survey: Survey = {
    keysOf: ({ version }) => keysAt(version),
    isMixed: (from, to) =>
      rotation !== undefined && to >= rotation.at && from <= rotation.at + rotation.overlap + AFTERMATH_MS,
    isHidden: (repository, from, to) =>
      writes.some((one) => one.repository === repository && one.from <= to && one.until >= from),
    unfinished: ({ kind, place }, from, to) => (kind === "scan" ? oracle.scanning(place, from, to) : "never"),
    hasStood: ({ version }, repository, claim, from) =>
      attestations.hasStood(repository, claim, keysAt(version), from - weather.lag),
  };
  const fleet = createFleet({ scheduler, services, start });
  const announced = new Map<string, Announced>();
  const handling = createHandling({
    scheduler,
    settings,
    fleet,
    topics: () => topics,
    watch,
    survey,
    announced: (announcement) => {
      const known = announced.get(announcement);
      if (known === undefined) throw new Error(`nobody announced ${announcement}`);
      return known;
    },
  });
  const topics = createTopics({
    scheduler,
    settings,
    weather,
    wire,
    push: handling.push,
    occurrence: handling.occurrence,
    verdict(by, data) {
      const isMixed = survey.isMixed(scheduler.now(), scheduler.now());
      claims.requireTrue(by.name, keysAt(by.version), JSON.parse(Buffer.from(data).toString()), isMixed);
    },
  });
  const events: PushEvent[] = [];

  function start(by: Instance): Started {
    const clock = clockOf(by, scheduler, services.skew);
    const program = startProgram(
      {
        by,
        wire,
        settings,
        keys: keysAt(by.version),
        clock,
        pace: paceOf(by, scheduler),
        observer: createObserver({ log: { record: () => {} } }),
        publisher: topics.publisherOf(by),
        registry: registry.transportOf(by),
        google: grafeasTransport(by, { wire, scheduler, occurrences, server: services.server }),
      },
      core,
    );
    return { program, clock };
  }

  function replay(asked: Pick<Replaying, "of" | "how" | "concurrency">): void {
    const lines = events.map((event) => Buffer.from(dataOf(event, contents)).toString());
    const options = { scheduler, fleet, topics, replay: core.replay, replayed: handling.replayed };
    runReplay({ ...asked, lines }, options).catch((thrown: unknown) =>
      scheduler.fail(`a replay ended with ${String(thrown)}`),
    );
  }

  return {
    replay,
    endings: watch.endings,
    requireQuiet(keys) {
      const [, now] = versions;
      const events = topics.ledger.events();
      attestations.requireOnce();
      if (keys === "ever") {
        claims.lookAgain(versions);
        claims.requireCertain(events, versions);
      } else {
        const since = events.filter(({ published }) => !survey.isMixed(published, Infinity));
        claims.requireCertain(since, [now]);
      }
    },
    counts: () => ({
      ...fleet.counts,
      attestations: occurrences.attestations().length,
      letters: topics.letters.length,
    }),
    happen(happening) {
      switch (happening.kind) {
        case "upload":
          return registry.upload(happening.place);
        case "event":
          events.push(happening.event);
          return void topics.announce(happening.event, dataOf(happening.event, contents));
        case "scan":
        case "build": {
          const said = writeEvidence(happening, contents, occurrences);
          if (services.server === "open source") return undefined;
          announced.set(topics.announceOccurrence(Buffer.from(JSON.stringify(said))), happening);
          return undefined;
        }
        case "foreign": {
          const document = foreignAttestation(happening, contents);
          const { check, place, lag } = happening;
          if (!occurrences.isTaken(document)) {
            occurrences.write(PROJECTS.attestations, `foreign-${happening.at}-${check}`, document, lag);
            wroteIn(place.repository, lag);
          }
          return undefined;
        }
        case "withdrawal": {
          const { place, check, lag } = happening;
          const claim = { content: place.content, check };
          for (const { name } of attestations.standing(place.repository, claim))
            occurrences.remove(name, lag);
          return claims.withdrawn(place.repository, claim, scheduler.now() + lag);
        }
        case "rotation":
          return fleet.rollOut(happening.overlap);
        case "replay":
          return replay(happening);
      }
    },
  };
}
