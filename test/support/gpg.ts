import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const UNATTENDED = ["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback"];

/** What gpg said of a signature that it verified. */
export interface GpgVerdict {
  /** Of the key, or subkey, that made it. */
  readonly fingerprint: string;
  readonly primaryFingerprint: string;
  /** The number of its hash algorithm: SHA-512 is 10. */
  readonly hash: number;
  /** The signed content. */
  readonly content: Buffer;
}

export interface Gpg {
  /** Makes a key (`rsa3072`, `nistp256`, `ed25519`), and returns its fingerprint. */
  makeKey(name: string, kind: string, options?: GpgKeyOptions): Promise<string>;
  /** Adds a subkey that may sign. */
  addSigningKey(fingerprint: string, kind: string): Promise<void>;
  /** Returns what `command` prints of the key `fingerprint`, as with `--export` or `--export-secret-keys`, armored. */
  export(command: string, fingerprint: string, passphrase?: string): Promise<string>;
  /** Returns what `gpg --armor --sign` makes of `content`. */
  sign(fingerprint: string, content: Uint8Array, options?: readonly string[]): Promise<Buffer>;
  /** Verifies a signed message. Throws where gpg does not accept it. */
  verify(signed: Uint8Array): Promise<GpgVerdict>;
  close(): Promise<void>;
}

export interface GpgKeyOptions {
  /** `sign`, or `cert` for a primary key that leaves signing to a subkey. */
  readonly usage?: "sign" | "cert";
  readonly passphrase?: string;
  readonly more?: readonly string[];
}

/** The real gpg with an empty keyring of its own. */
export async function startGpg(): Promise<Gpg> {
  const home = await mkdtemp(join(tmpdir(), "voucher-gpg-")); // not longer: its agent's socket lies there
  const env = { PATH: process.env["PATH"], GNUPGHOME: home, LC_ALL: "C" };
  const options = { env, cwd: home, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 };

  async function gpg(args: readonly string[], passphrase = "") {
    return run("gpg", [...UNATTENDED, "--passphrase", passphrase, ...args], {
      ...options,
      encoding: "buffer",
    });
  }

  async function written(name: string, content: Uint8Array): Promise<string> {
    const path = join(home, name);
    await writeFile(path, content);
    return path;
  }

  return {
    async makeKey(name, kind, { usage = "sign", passphrase = "", more = [] } = {}) {
      const args = [...more, "--status-fd", "1", "--quick-generate-key", `${name} <${name}@example.com>`];
      const { stdout } = await gpg([...args, kind, usage, "never"], passphrase);
      const [, fingerprint] = /KEY_CREATED \S+ (\S+)/.exec(String(stdout)) ?? [];
      if (fingerprint === undefined) throw new Error(`gpg made no key: ${stdout}`);
      return fingerprint;
    },
    async addSigningKey(fingerprint, kind) {
      await gpg(["--quick-add-key", fingerprint, kind, "sign", "never"]);
    },
    async export(command, fingerprint, passphrase) {
      return String((await gpg(["--armor", command, fingerprint], passphrase)).stdout);
    },
    async sign(fingerprint, content, more = []) {
      const file = await written("content", content);
      return (await gpg(["--local-user", fingerprint, "--armor", "--output", "-", ...more, "--sign", file]))
        .stdout;
    },
    async verify(signed) {
      const file = await written("signed.asc", signed);
      const output = join(home, "content");
      const { stdout } = await gpg(["--status-fd", "1", "--output", output, "--decrypt", file]);
      await gpg(["--verify", file]);
      const said = /VALIDSIG (\S+) \S+ \S+ \S+ \S+ \S+ \S+ (\d+) \S+ (\S+)/.exec(String(stdout));
      const [, fingerprint = "", hash, primaryFingerprint = ""] = said ?? [];
      return { fingerprint, primaryFingerprint, hash: Number(hash), content: await readFile(output) };
    },
    async close() {
      await run("gpgconf", ["--kill", "all"], options);
      await rm(home, { recursive: true, force: true });
    },
  };
}
