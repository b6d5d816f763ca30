import type { Happening, History, PushEvent } from "./history.ts";
import { clockTime } from "./scheduler.ts";

/** A history in words. */
export function tellHistory({
  seed,
  settings,
  repositories,
  contents,
  weather,
  happenings,
}: History): string {
  return [
    `The history of seed ${seed}:`,
    `  settings     ${JSON.stringify(settings)}`,
    `  weather      ${JSON.stringify({ ...weather, storms: weather.storms.length })}`,
    ...weather.storms.map((storm) => {
      const { from, to, kills, faults } = storm;
      return `  storm        ${clockTime(from)} to ${clockTime(to)}, kills ${kills}, faults ${JSON.stringify(faults)}`;
    }),
    ...repositories.map(({ name, standing }) => `  repository   ${name} (${standing})`),
    ...contents.map(({ name, kind, ...more }) => `  ${kind.padEnd(12)} ${name} ${JSON.stringify(more)}`),
    ...happenings.map((happening) => `  ${clockTime(happening.at).padEnd(14)}${tellHappening(happening)}`),
  ].join("\n");
}

export function tellHappening(happening: Happening): string {
  const of = ({ place }: { place: { repository: string; content: string } }) =>
    `${place.content} in ${place.repository}`;
  switch (happening.kind) {
    case "upload":
      return `upload of ${of(happening)}`;
    case "event":
      return `event: ${tellEvent(happening.event)}`;
    case "scan":
      return `scan of ${of(happening)}: ${happening.state}, shown ${happening.lag} ms later`;
    case "build": {
      const trust = happening.trusted ? "trusted" : "not trusted";
      return `build record of ${of(happening)}, ${trust}, shown ${happening.lag} ms later`;
    }
    case "foreign":
      return `attestation of ${happening.check} of ${of(happening)} by ${happening.by}, shown ${happening.lag} ms later`;
    case "withdrawal":
      return `${happening.check} of ${of(happening)} is withdrawn, shown for ${happening.lag} ms`;
    case "rotation": {
      const { checks, oldTrusted, overlap } = happening;
      return `new keys for ${checks.join(", ")}; the old ones are ${oldTrusted ? "" : "not "}trusted; overlap ${overlap} ms`;
    }
    case "replay":
      return `replay of ${happening.of}, ${happening.how}`;
  }
}

function tellEvent(event: PushEvent): string {
  if (event.kind === "junk") return `junk ${JSON.stringify(event.data)}`;
  const { content, repository } = event.place;
  const tag = event.kind === "push" && event.tag !== undefined ? ` as ${event.tag}` : "";
  return `${event.kind} of ${content} in ${repository}${tag}`;
}
