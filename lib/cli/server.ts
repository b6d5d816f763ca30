import { homedir } from "node:os";
import manifest from "../../package.json" with { type: "json" };
import type { Reference, Verdict } from "../app.ts";
import { VoucherError } from "../errors.ts";
import { type Canonical, canonical } from "../image/reference.ts";
import { createVoucherClient, type VoucherClient } from "./client.ts";
import { parseServerAddress, type ServerAddress } from "./client-address.ts";
import { googleIdentityTokens } from "./client-google.ts";
import { mergeVerdicts } from "./client-merge.ts";
import { readClientSettings } from "./client-settings.ts";
import { parseAuthMethod, type SignIn, signInTo } from "./client-sign-in.ts";
import type { ExitCode } from "./exit.ts";
import { eachImage, type ReviewFlags } from "./review.ts";
import type { Session } from "./session.ts";
import { whilePending } from "./wait.ts";

/** The flags by which a running server is asked, instead of doing the work here. */
export interface ServerFlags extends ReviewFlags {
  readonly server?: string;
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

/** Throws `usage` for flags that only go together with `--server`: whoever signs in to a server means to ask one. */
export function requireNoServerFlags({ auth, username, password }: ServerFlags): void {
  const given = Object.entries({ auth, username, password }).find(([, value]) => value !== undefined);
  if (given !== undefined)
    throw new VoucherError("usage", `--${given[0]} goes together with --server; name the server too`);
}

/** `voucher check|verify IMAGE… --server URL`: as without `--server`, but the server does the work. */
export async function serverCommand(
  verb: "check" | "verify",
  images: readonly string[],
  flags: ServerFlags & { readonly server: string },
  session: Session,
): Promise<ExitCode> {
  requireAskable(flags);
  const { signal, terminal } = session;
  const server = parseServerAddress(flags.server);
  const client = createVoucherClient({
    server,
    signIn: await signInBy(flags, server),
    userAgent: `voucher/${manifest.version}`,
    env: process.env,
  });
  const checks = [...new Set(flags.check ?? ["all"])];
  try {
    return await eachImage(images, flags, session, async (named) => {
      const image = await digestOf(named, session);
      const ask = () => askAll(client, image, checks, verb, signal);
      const verdict = await whilePending(ask, {
        seconds: flags.wait ?? 0,
        quiet: flags.quiet,
        terminal,
        signal,
      });
      return { verdict: named.tag === undefined ? verdict : { ...verdict, tag: named.tag }, notes: [] };
    });
  } finally {
    await client.close();
  }
}

/** A server has its own configuration, and no request can change it. */
function requireAskable({ platform, force, dryRun, key }: ServerFlags): void {
  const flag = Object.entries({ platform, force, "dry-run": dryRun, key }).find(
    ([, value]) => value !== undefined,
  );
  if (flag !== undefined)
    throw new VoucherError(
      "usage",
      `--${flag[0]} cannot be asked of a server; leave it out, or leave out --server`,
    );
}

/** By the flags; else by the file of Voucher's client, where it speaks of this very server. */
async function signInBy(flags: ServerFlags, server: ServerAddress): Promise<SignIn> {
  const where = { env: process.env, cwd: process.cwd(), home: homedir() };
  const { settings, file } = await readClientSettings({}, where);
  const isMeant = file !== undefined && parseServerAddress(settings.server).base === server.base;
  const { auth, username, password } = isMeant ? settings : { auth: "basic", username: "", password: "" };
  const basic = { username: flags.username ?? username, password: flags.password ?? password };
  return signInTo(server, parseAuthMethod(flags.auth ?? auth), basic, googleIdentityTokens());
}

async function digestOf(image: Reference, { app, signal }: Session): Promise<Canonical> {
  if (image.digest !== undefined) return canonical(image, image.digest);
  const { reference } = await app.resolve(image, signal);
  return canonical(reference, reference.digest);
}

/** A server takes one check or group at a time. */
async function askAll(
  client: VoucherClient,
  image: Canonical,
  checks: readonly string[],
  verb: "check" | "verify",
  signal: AbortSignal,
): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const check of checks) verdicts.push((await client.ask({ image, check, verb }, signal)).verdict);
  const [first, ...more] = verdicts;
  if (first === undefined) throw new VoucherError("usage", "no check was named; name at least one");
  return mergeVerdicts(first, more);
}
