import { gzipSync } from "node:zlib";
import { VoucherError } from "../errors.ts";
import { type Digest, digestOf } from "../image/digest.ts";

/** A layer: its bytes as they are pushed, and the digest of the tar inside, which an image config calls the diff id. */
export interface Tarball {
  readonly bytes: Uint8Array;
  readonly diffId: Digest;
}

const BLOCK = 512;
const LONGEST_PATH = 100;
const UNKNOWN_SYSTEM = 255;

/**
 * Returns `files` (text by path) as a gzipped ustar archive, the same bytes on every machine: files are stored and not
 * compressed, since what zlib makes of them differs between its versions. Throws `usage` for a path over 100 bytes.
 */
export function tarball(files: { readonly [path: string]: string }): Tarball {
  const entries = Object.entries(files).map(([path, text]) => entry(path, Buffer.from(text)));
  const tar = Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
  const bytes = gzipSync(tar, { level: 0 });
  // RFC 1952 section 2.3: byte 9 names the operating system, which must not change the digest.
  bytes[9] = UNKNOWN_SYSTEM;
  return { bytes, diffId: digestOf(tar) };
}

function entry(path: string, content: Buffer): Buffer {
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header(path, content.length), content, padding]);
}

/** POSIX.1-1988 (ustar): fields are octal text at fixed places; the checksum is taken with spaces in its own place. */
function header(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new VoucherError(
      "usage",
      `the path ${JSON.stringify(path)} is longer than ${LONGEST_PATH} bytes; choose a shorter one`,
    );
  }
  const block = Buffer.alloc(BLOCK);
  block.write(path, 0);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        0", 148);
  block.write("ustar\u000000", 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)}\u0000`, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
