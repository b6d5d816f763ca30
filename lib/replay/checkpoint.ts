import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm, truncate } from "node:fs/promises";
import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { linesOf } from "./lines.ts";

/** Which replay a checkpoint is of. What was done of another is not done of this one. */
export interface ReplayIdentity {
  readonly source: string;
  /** What is done with each event. */
  readonly into: string;
}

/** Remembers what a replay has done, so that the next run goes on. */
export interface Checkpoint {
  has(key: string): boolean;
  /**
   * Returns once it is written, whatever becomes of this process; a machine that loses its power forgets the last quarter of a
   * second at the most. Throws where it cannot be written.
   */
  add(key: string): Promise<void>;
  close(): Promise<void>;
}

const KIND = "voucher replay";
const HeaderSchema = z.object({ checkpoint: z.literal(KIND), version: z.literal(1) });
const IdentitySchema = z.object({ source: z.string(), into: z.string() });
const LONGEST_LINE = 16_384;
const SYNC_EVERY_MS = 250;

/** A checkpoint that remembers nothing, for a replay without one. */
export const noCheckpoint: Checkpoint = {
  has: () => false,
  add: async () => {},
  close: async () => {},
};

/**
 * Opens the checkpoint in `path`, a line for each event that is done after one that says of which replay; begins it where there
 * is none. A line that was cut off, as by a power failure, is cut away. Throws `usage` for a file that is no checkpoint, or that
 * of another replay.
 */
export async function openCheckpoint(path: string, identity: ReplayIdentity): Promise<Checkpoint> {
  const known = await readCheckpoint(path, identity);
  if (known === undefined) await beginCheckpoint(path, identity);
  else await truncate(path, known.end);
  return writingTo(await open(path, "a"), known?.done ?? new Set());
}

/** As {@link openCheckpoint}, for a replay that does nothing: it changes nothing either. */
export async function lookIntoCheckpoint(path: string, identity: ReplayIdentity): Promise<Checkpoint> {
  const { done } = (await readCheckpoint(path, identity)) ?? { done: new Set<string>() };
  return { ...noCheckpoint, has: (key) => done.has(key) };
}

interface Known {
  readonly done: Set<string>;
  /** How many bytes of the file are whole lines. */
  readonly end: number;
}

function writingTo(file: FileHandle, done: ReadonlySet<string>): Checkpoint {
  let waiting: string[] = [];
  let writing = Promise.resolve();
  let synced = performance.now();

  /** Everything that waits is written at once, however much was done meanwhile. */
  async function write(): Promise<void> {
    if (waiting.length === 0) return;
    const lines = waiting.map((key) => `${JSON.stringify(key)}\n`);
    waiting = [];
    await file.writeFile(lines.join(""));
    if (performance.now() - synced < SYNC_EVERY_MS) return;
    await file.datasync();
    synced = performance.now();
  }

  return {
    has: (key) => done.has(key),
    add(key) {
      waiting.push(key);
      writing = writing.then(write);
      return writing;
    },
    async close() {
      await file.datasync();
      await file.close();
    },
  };
}

/** Whole or not at all: it appears under its name once it is on the disk. */
async function beginCheckpoint(path: string, identity: ReplayIdentity): Promise<void> {
  const header = `${JSON.stringify({ checkpoint: KIND, version: 1, ...identity })}\n`;
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, "w");
    try {
      await file.writeFile(header);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new VoucherError("usage", `the checkpoint ${path} cannot be written: ${wordsOf(cause)}`, { cause });
  }
}

/** What a checkpoint holds; `undefined` where there is none, or an empty file. */
async function readCheckpoint(path: string, identity: ReplayIdentity): Promise<Known | undefined> {
  const done = new Set<string>();
  let end = 0;
  try {
    for await (const line of linesOf(createReadStream(path), LONGEST_LINE)) {
      if (line.number === 1) requireSame(path, documentIn(line.bytes), identity);
      else if (line.whole) done.add(keyIn(path, line.number, line.bytes));
      if (line.whole) end = line.end;
    }
  } catch (cause) {
    if (cause instanceof VoucherError) throw cause;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new VoucherError("usage", `the checkpoint ${path} cannot be read: ${wordsOf(cause)}`, { cause });
  }
  return end === 0 ? undefined : { done, end };
}

function requireSame(path: string, header: unknown, identity: ReplayIdentity): void {
  const of = IdentitySchema.safeParse(header);
  if (!HeaderSchema.safeParse(header).success || !of.success) {
    throw new VoucherError("usage", `${path} is no checkpoint of voucher replay; name another file`);
  }
  if (of.data.source === identity.source && of.data.into === identity.into) return;
  throw new VoucherError(
    "usage",
    `the checkpoint ${path} is of another replay (${described(of.data)}; this one: ${described(identity)}); name another file`,
  );
}

function described({ source, into }: ReplayIdentity): string {
  return `${source.slice(0, 300)}, ${into.slice(0, 100)}`;
}

function keyIn(path: string, number: number, bytes: Uint8Array | undefined): string {
  const key = documentIn(bytes);
  if (typeof key === "string") return key;
  throw new VoucherError(
    "usage",
    `line ${number} of the checkpoint ${path} is damaged; repair or remove the file`,
  );
}

function documentIn(bytes: Uint8Array | undefined): unknown {
  try {
    return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
