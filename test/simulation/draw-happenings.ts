import { type Drawn, withChildren } from "./draw-contents.ts";
import type { Content, Happening, Place, PushEvent, ScanState, Settings } from "./history.ts";
import type { Random } from "./random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Pushes begin after a while, so that evidence can be there before them. */
const FIRST = 5 * MINUTE;

/** A happening that is still without its moment's proof: what makes it so. */
interface Making extends Drawn {
  readonly settings: Settings;
}

/** What befalls the contents of a world, in the order of time. */
export function drawHappenings(random: Random, making: Making): readonly Happening[] {
  const pushes = drawPushes(random, making);
  const happenings = [
    ...pushes,
    ...drawOddities(random, making),
    ...drawWithdrawals(random, pushes, making),
    ...drawForeign(random, pushes, making),
    ...drawRotation(random, making.settings),
    ...drawReplay(random),
  ];
  return happenings.toSorted((a, b) => a.at - b.at);
}

/** The uploads of each content into one repository or two, the events of it, and what is found out about it. */
function drawPushes(random: Random, making: Making): readonly Happening[] {
  const { contents, repositories } = making;
  const uploads = new Map<string, { place: Place; at: number }>();
  const events: Happening[] = [];
  for (const { name, kind } of contents) {
    if (kind === "image" && contents.some(hasChild(name)) && random.chance(0.5)) continue;
    for (const { name: repository } of repositories) {
      if (!random.chance(repository === repositories[0]?.name ? 0.9 : 0.3)) continue;
      const at = FIRST + random.below(20 * MINUTE);
      const lost = random.chance(0.06) ? random.any(imagesUnder(name, contents)) : undefined;
      for (const one of withChildren(name, contents)) {
        if (one === lost && one !== name) continue;
        const place = { repository, content: one };
        const key = JSON.stringify(place);
        const known = uploads.get(key)?.at ?? Infinity;
        uploads.set(key, { place, at: Math.min(known, at - (one === name ? 0 : random.below(MINUTE))) });
      }
      events.push(...eventsOf(random, { repository, content: name }, at));
      for (const child of withChildren(name, contents)) {
        if (child !== name && random.chance(0.4))
          events.push(...eventsOf(random, { repository, content: child }, at));
      }
    }
  }
  const made = [...uploads.values()];
  return [
    ...made.map(({ place, at }) => ({ kind: "upload" as const, place, at })),
    ...events,
    ...made.flatMap(({ place, at }) => drawEvidence(random, place, at, making)),
  ];
}

function hasChild(name: string): (content: Content) => boolean {
  return (content) => content.kind === "index" && content.children.includes(name);
}

function imagesUnder(name: string, contents: readonly Content[]): readonly string[] {
  const under = withChildren(name, contents);
  return contents.filter((one) => one.kind === "image" && under.includes(one.name)).map((one) => one.name);
}

/** An event may overtake what it announces; retags announce the same again. */
function eventsOf(random: Random, place: Place, at: number): readonly Happening[] {
  const event = (tag: string | undefined): PushEvent => ({ kind: "push", place, tag });
  const first = { kind: "event" as const, at: at + random.between(-MINUTE, MINUTE), event: event("v1") };
  const retag = { kind: "event" as const, at: at + random.below(60 * MINUTE), event: event("latest") };
  return random.chance(0.2) ? [first, retag] : [first];
}

function drawEvidence(random: Random, place: Place, uploaded: number, making: Making): readonly Happening[] {
  const { settings, contents } = making;
  const content = contents.find(({ name }) => name === place.content);
  const found: Happening[] = [];
  const lag = () => (random.chance(0.3) ? random.below(2 * MINUTE) : 0);
  if (settings.checks.includes("provenance") && content?.kind !== "artifact") {
    const records = random.pick([0, 1, 1, 1, 2]);
    for (let record = 0; record < records; record += 1) {
      const at = Math.max(0, uploaded + momentOfEvidence(random, settings));
      found.push({ kind: "build", at, place, trusted: random.chance(0.85), lag: lag() });
    }
  }
  if (settings.checks.includes("snakeoil") && content?.kind === "image" && random.chance(0.85)) {
    const over = Math.max(3, uploaded + momentOfEvidence(random, settings));
    const state = random.pick(ENDS_OF_SCANS);
    const began = Math.min(uploaded + random.below(2 * MINUTE), over - 2);
    if (random.chance(0.6)) found.push({ kind: "scan", at: began, place, state: "pending", lag: lag() });
    if (random.chance(0.6)) {
      const at = began + random.below(over - began);
      found.push({ kind: "scan", at, place, state: "scanning", lag: lag() });
    }
    if (random.chance(0.95)) found.push({ kind: "scan", at: over, place, state, lag: lag() });
    if (random.chance(0.15)) {
      const at = over + random.below(60 * MINUTE);
      found.push({ kind: "scan", at, place, state: random.pick(ENDS_OF_SCANS), lag: lag() });
    }
  }
  return found;
}

const ENDS_OF_SCANS = [
  "clean",
  "clean",
  "clean",
  "clean",
  "vulnerable",
  "failed",
  "unsupported",
  "stale",
] as const satisfies readonly ScanState[];

/** Before the push, soon after it, or when nobody waits any more. */
function momentOfEvidence(random: Random, { maxMinutes }: Settings): number {
  const patience = maxMinutes * MINUTE;
  return random.pick([
    -random.below(2 * MINUTE),
    random.below(5 * MINUTE),
    random.below(5 * MINUTE),
    random.below(patience),
    random.below(3 * patience),
  ]);
}

/** What registries also send, what nobody should send, and events of what is somewhere else. */
function drawOddities(random: Random, { contents, repositories }: Making): readonly Happening[] {
  const oddities: Happening[] = [];
  const at = () => FIRST + random.below(40 * MINUTE);
  const [repository, other] = repositories;
  const content = random.any(contents);
  if (repository === undefined || other === undefined || content === undefined) return [];
  const place = { repository: repository.name, content: content.name };
  const kinds = ["delete", "tag only", "companion"] as const;
  for (const kind of kinds)
    if (random.chance(0.07)) oddities.push({ kind: "event", at: at(), event: { kind, place } });
  const junk = [
    "",
    "{}",
    "[1]",
    '{"action":"INSERT","digest":"registry.example/ours/app"}',
    '{"action":"SELECT"}',
  ];
  if (random.chance(0.1)) {
    const data = random.any(junk) ?? "";
    oddities.push({ kind: "event", at: at(), event: { kind: "junk", data } });
  }
  if (random.chance(0.1)) {
    const elsewhere = { repository: other.name, content: content.name };
    oddities.push({ kind: "event", at: at(), event: { kind: "push", place: elsewhere, tag: undefined } });
  }
  return oddities;
}

/** Soon after an image was announced, while its event may still be under way. */
function drawWithdrawals(
  random: Random,
  pushes: readonly Happening[],
  { settings, contents }: Making,
): readonly Happening[] {
  const events = pushes.filter((happening) => happening.kind === "event");
  if (!random.chance(0.25)) return [];
  return events.flatMap(({ at, event }): readonly Happening[] => {
    if (event.kind !== "push" || random.chance(0.4)) return [];
    const { repository, content } = event.place;
    const place = { repository, content: random.any(withChildren(content, contents)) ?? content };
    const check = random.any(settings.checks) ?? "nobody";
    const lag = random.chance(0.7) ? random.below(3 * MINUTE) : 0;
    return [{ kind: "withdrawal", at: at + random.below(20 * MINUTE), place, check, lag }];
  });
}

const FOREIGNERS = ["a stranger", "an impostor", "another check", "another image", "nobody"] as const;

/** Shortly before an image is announced, so that lists may still hide it when it is in the way. */
function drawForeign(
  random: Random,
  pushes: readonly Happening[],
  { settings, contents }: Making,
): readonly Happening[] {
  const events = pushes.filter((happening) => happening.kind === "event");
  if (!random.chance(0.3)) return [];
  return events.flatMap(({ at, event }): readonly Happening[] => {
    if (event.kind !== "push" || random.chance(0.4)) return [];
    const { repository, content } = event.place;
    return [
      {
        kind: "foreign",
        at: at - random.below(MINUTE),
        place: { repository, content: random.any(withChildren(content, contents)) ?? content },
        check: random.any(settings.checks) ?? "nobody",
        by: random.pick(FOREIGNERS),
        lag: random.chance(0.7) ? random.below(3 * MINUTE) : 0,
      },
    ];
  });
}

function drawRotation(random: Random, { checks }: Settings): readonly Happening[] {
  if (!random.chance(0.25)) return [];
  return [
    {
      kind: "rotation",
      at: FIRST + random.below(60 * MINUTE),
      checks: checks.filter((_, at) => at === 0 || random.chance(0.5)),
      oldTrusted: random.chance(0.5),
      overlap: random.chance(0.5) ? 0 : random.below(10 * MINUTE),
    },
  ];
}

function drawReplay(random: Random): readonly Happening[] {
  if (!random.chance(0.4)) return [];
  return [
    {
      kind: "replay",
      at: FIRST + random.below(40 * MINUTE),
      of: random.chance(0.5) ? "history" : "dead letters",
      how: random.chance(0.5) ? "topic" : "in process",
      concurrency: random.pick([1, 1, 4]),
    },
  ];
}
