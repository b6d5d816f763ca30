import type { Summary } from "../replay/tally.ts";
import type { Terminal } from "./terminal.ts";

/** How far a replay has come. */
export interface Progressed {
  /** In units of its source. */
  readonly through: number;
  readonly of: number | undefined;
  readonly summary: Summary;
}

/** Shows how a replay goes, on stderr. */
export interface Progress {
  update(progressed: Progressed): void;
  /** Says something beside it. */
  say(line: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** One line every few seconds, for logs and pipes. `now` is in milliseconds. */
export function progressLines(terminal: Pick<Terminal, "err">, now = () => performance.now()): Progress {
  const started = now();
  let last = started;
  return {
    update(progressed) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      terminal.err(`replay: ${told(progressed, last - started)}`);
    },
    say: (line) => terminal.err(line),
    stop: () => {},
  };
}

/** A bar on the terminal that stderr is; what is said stands above it. */
export async function progressBar(now = () => performance.now()): Promise<Progress> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const { MultiBar, Presets, Format } = (await import("cli-progress")).default;
  const started = now();
  // Only one of several bars lets anything be said beside it. Ctrl-C is the command's own affair.
  const bars = new MultiBar(
    { hideCursor: true, gracefulExit: false, stream: process.stderr },
    Presets.shades_classic,
  );
  const bar = bars.create(
    0,
    0,
    { told: "" },
    {
      format: (options, { progress, total }, { told: text }: { told: string }) =>
        total === 0 ? text : `${Format.BarFormat(progress, options)} ${text}`,
    },
  );
  return {
    update(progressed) {
      if (progressed.of !== undefined) bar.setTotal(progressed.of);
      bar.update(progressed.through, { told: told(progressed, now() - started) });
    },
    say: (line) => bars.log(`${line}\n`),
    stop() {
      // What was said since it was last drawn.
      bars.update();
      bars.stop();
    },
  };
}

/** `34 %, 1,200 seen, 220/s, about 12 s left: 1,100 approved, 100 failed`. */
export function told({ through, of, summary }: Progressed, milliseconds: number): string {
  const { seen, resumed } = summary;
  const seconds = Math.max(milliseconds, 1) / 1000;
  // What an earlier run had done takes no time, and says nothing of what is left.
  const rate = (seen - resumed) / seconds;
  const share = of === undefined || of === 0 ? undefined : Math.min(through / of, 1);
  const left = share === undefined || share === 0 ? undefined : (seconds / share) * (1 - share);
  const parts = [
    ...(share === undefined ? [] : [`${Math.floor(share * 100)} %`]),
    `${seen} seen`,
    `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
    ...(left === undefined ? [] : [`about ${durationOf(left)} left`]),
  ];
  const counts = countsOf(summary);
  return counts === "" ? parts.join(", ") : `${parts.join(", ")}: ${counts}`;
}

const COUNTED = ["approved", "rejected", "ignored", "pending", "failed", "resumed"] as const;

function countsOf(summary: Summary): string {
  return COUNTED.filter((name) => summary[name] > 0)
    .map((name) => `${summary[name]} ${name}`)
    .join(", ");
}

function durationOf(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
