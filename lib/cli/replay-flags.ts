import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { ReplayRequest } from "../app.ts";
import { parseMoment } from "../config/moments.ts";
import { asVoucherError, VoucherError } from "../errors.ts";
import type { InputFile } from "../replay/file-source.ts";
import { parseFilter } from "../replay/filter.ts";
import { parseGlob } from "../replay/glob.ts";
import { parseRepository } from "../replay/repository-source.ts";
import type { CommonFlags } from "./session.ts";

export interface ReplayFlags extends CommonFlags {
  readonly file?: string;
  readonly deadLetter?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly images?: string;
  readonly attested?: string;
  readonly toTopic?: string;
  readonly filter?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly checkpoint?: string;
  readonly force?: boolean;
  readonly discard?: boolean;
}

const CONCURRENCY = 10;
const SOURCES = ["file", "deadLetter", "repository", "images", "attested"] as const;
const SPELLED = "--file, --dead-letter, --repository, --images or --attested";

/** What the flags ask for. Throws `usage` where they make no sense together, or name what cannot be read. */
export async function replayRequestOf(flags: ReplayFlags): Promise<ReplayRequest> {
  requireSense(flags);
  const { filter = [], since, until, toTopic, rate, concurrency = CONCURRENCY, checkpoint } = flags;
  return {
    source: await sourceOf(flags),
    selection: {
      filters: filter.map(parseFilter),
      since: momentOf("--since", since),
      until: momentOf("--until", until),
    },
    topic: toTopic,
    dryRun: flags.dryRun === true,
    force: flags.force === true,
    concurrency,
    rate,
    checkpoint: checkpoint === undefined ? undefined : resolve(checkpoint),
  };
}

function requireSense(flags: ReplayFlags): void {
  const named = SOURCES.filter((source) => flags[source] !== undefined);
  if (named.length === 0) throw usage(`say what to replay: ${SPELLED}`);
  if (named.length > 1) throw usage(`name one source: ${SPELLED}`);
  if (flags.tag !== undefined && flags.repository === undefined) throw usage("--tag goes with --repository");
  if (flags.discard === true && flags.deadLetter === undefined) {
    throw usage("--discard goes with --dead-letter: it acknowledges messages that hold no event");
  }
  if (flags.force === true && flags.toTopic !== undefined) {
    throw usage(
      "--force goes without --to-topic: whoever reviews what comes from a topic knows nothing of it",
    );
  }
}

async function sourceOf(flags: ReplayFlags): Promise<ReplayRequest["source"]> {
  const { file, images, deadLetter, repository, tag, attested } = flags;
  if (file !== undefined) return { kind: "file", file: await openInput(file) };
  if (images !== undefined) return { kind: "images", file: await openInput(images) };
  if (repository !== undefined) {
    const glob = tag === undefined ? undefined : parseGlob(tag);
    return { kind: "repository", repository: parseRepository(repository), tag: glob };
  }
  if (attested !== undefined) return { kind: "attested", check: attested };
  return { kind: "dead-letter", subscription: deadLetter ?? "", discard: flags.discard === true };
}

/** A file, or with `-` what comes in. Throws `usage` for one that cannot be read. */
async function openInput(name: string): Promise<InputFile> {
  if (name === "-") return { name: "standard input", chunks: () => process.stdin };
  const path = resolve(name);
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new Error("it is a folder");
    // What is no regular file, such as a pipe, has no size to speak of.
    const size = stats.isFile() ? stats.size : undefined;
    return { name: path, chunks: () => reading(path), size };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function* reading(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): VoucherError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new VoucherError("usage", `${path} cannot be read: ${why}`, { cause });
}

function momentOf(flag: string, text: string | undefined): Date | undefined {
  try {
    return text === undefined ? undefined : new Date(parseMoment(text));
  } catch (fault) {
    throw usage(`${flag}: ${asVoucherError(fault).message}`);
  }
}

function usage(message: string): VoucherError {
  return new VoucherError("usage", message);
}
