import { drawContents } from "./draw-contents.ts";
import { drawHappenings } from "./draw-happenings.ts";
import type { CheckName, Happening, History, PortName, Settings, Storm, Weather } from "./history.ts";
import { type Random, randomFrom } from "./random.ts";

const MINUTE = 60_000;

/** The history of a seed. The same seed always has the same. */
export function drawHistory(seed: number): History {
  const random = randomFrom(seed, "history");
  const settings = drawSettings(random);
  const { repositories, contents } = drawContents(random);
  const weather = drawWeather(random, settings);
  const drawn = drawHappenings(random, { settings, repositories, contents });
  const happenings = settings.services.server === "open source" ? drawn.map(shownAtOnce) : drawn;
  return { seed, settings, repositories, contents, happenings, weather };
}

function shownAtOnce(happening: Happening): Happening {
  return "lag" in happening ? { ...happening, lag: 0 } : happening;
}

function drawSettings(random: Random): Settings {
  const optional: readonly CheckName[] = ["diy", "snakeoil", "provenance"];
  const isOpenSource = random.chance(0.2);
  const attempts = random.pick([5, 6, 6, 10]);
  return {
    checks: ["nobody", ...optional.filter(() => random.chance(0.55))],
    platforms: random.pick([
      { select: "all", index: "all" },
      { select: "all", index: "all" },
      { select: "all", index: "never" },
      { select: ["linux/amd64"], index: "selected" },
      { select: ["linux/amd64"], index: "never" },
    ]),
    scanned: random.chance(0.7) ? "all" : ["linux/amd64"],
    validRepos: random.chance(0.85),
    waitingTopic: random.chance(0.8),
    deadLetterTopic: random.chance(0.9),
    verdictTopic: random.chance(0.5),
    maxAttempts: random.chance(0.7) ? attempts - 1 : undefined,
    maxMinutes: random.pick([60, 20, 20, 10]),
    services: {
      server: isOpenSource ? "open source" : "Container Analysis",
      conflict: random.chance(0.7) ? "place" : "keys",
      tokenSeconds: random.chance(0.3) ? random.pick([60, 300, 3600]) : undefined,
      longestFilter: random.pick([5, 5, 2]),
      page: random.chance(0.7) ? 1000 : random.between(1, 3),
      attempts,
      waitingAttempts: 20,
      instances: random.between(1, 3),
      concurrency: random.pick([1, 4, 80]),
      skew: random.chance(0.7) ? 0 : random.between(1, 120_000),
    },
  };
}

const PORTS: readonly PortName[] = ["registry", "reads", "writes", "signer", "keys", "publisher"];

/** Some worlds know no storm, most know one, and a few go from one into the next. */
function drawWeather(random: Random, { services }: Settings): Weather {
  const storms = Array.from({ length: random.pick([0, 1, 1, 1, 2]) }, () => drawStorm(random));
  return {
    storms: storms.toSorted((a, b) => a.from - b.from),
    latency: random.pick([20, 200, 2000]),
    lag: services.server === "open source" ? 0 : random.pick([0, 0, 2000, 60_000]),
    twice: random.pick([0, 0.1, 0.4]),
  };
}

/** Of a port that is hit some calls fail, or nearly all of them. */
function drawStorm(random: Random): Storm {
  const from = random.between(4 * MINUTE, 20 * MINUTE);
  const strength = random.pick([0.05, 0.15, 0.35]);
  const rateOf = () => (random.chance(0.4) ? 0 : random.chance(0.1) ? 0.9 : strength);
  return {
    from,
    to: from + random.between(MINUTE, random.pick([5, 20, 60]) * MINUTE),
    faults: Object.fromEntries(PORTS.map((port) => [port, rateOf()])) as Storm["faults"],
    kills: random.pick([0, 0.005, 0.03, 0.1]),
  };
}
