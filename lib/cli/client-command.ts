import { createApp, timeLimit } from "../app.ts";
import { toConfig } from "../config/settings.ts";
import { asVoucherError, type VoucherError } from "../errors.ts";
import {
  type Canonical,
  canonical,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../image/reference.ts";
import { createVoucherClient, ServerRefusal, type VoucherClient } from "./client.ts";
import { parseServerAddress } from "./client-address.ts";
import { answerLines } from "./client-lines.ts";
import { type ClientSettings, readClientSettings, type Whereabouts } from "./client-settings.ts";
import { type IdentityTokens, parseAuthMethod, signInTo } from "./client-sign-in.ts";
import { logTo } from "./log.ts";
import { matrix } from "./matrix.ts";
import type { Terminal } from "./terminal.ts";

/** The flags of `voucher_client`. */
export interface ClientFlags extends Partial<Omit<ClientSettings, "server">> {
  readonly voucher?: string;
  readonly config?: string;
  readonly verify?: boolean;
}

export interface ClientSurroundings extends Whereabouts {
  readonly terminal: Terminal;
  readonly tokens: IdentityTokens;
  readonly version: string;
}

/** What is done to an image, in the words of Voucher's own client. */
const WORDS = {
  check: {
    begun: "Submitting image to Voucher",
    inner: "signing image failed",
    outer: "checking image with voucher failed",
  },
  verify: {
    begun: "Verifying image with Voucher",
    inner: "verifying image failed",
    outer: "verifying image with voucher failed",
  },
} as const;

/**
 * `voucher_client IMAGE…`: asks a Voucher server about images. Prints what Voucher's own client prints, then the matrix of
 * platforms where the server knows them. Returns the exit code: 1 for whatever is no approval of every image.
 */
export async function clientCommand(
  images: readonly string[],
  flags: ClientFlags,
  surroundings: ClientSurroundings,
): Promise<0 | 1> {
  const { terminal } = surroundings;
  let client: VoucherClient | undefined;
  try {
    const settings = await settingsOf(flags, surroundings);
    client = connect(settings, surroundings);
    const late = `it was not done within ${settings.timeout} s; --timeout gives it more`;
    const signal = timeLimit(settings.timeout * 1000, late);
    const work = { client, settings, verb: flags.verify === true ? "verify" : "check", signal } as const;
    const approvals: boolean[] = [];
    for (const image of images) approvals.push(await isApproved(image, work, surroundings));
    return approvals.length > 0 && approvals.every(Boolean) ? 0 : 1;
  } catch (fault) {
    terminal.err(`creating client failed: ${asVoucherError(fault).message}`);
    return 1;
  } finally {
    await client?.close();
  }
}

async function settingsOf(
  flags: ClientFlags,
  { terminal, ...where }: ClientSurroundings,
): Promise<ClientSettings> {
  const { voucher, config, verify: _, ...others } = flags;
  const { settings, file, warnings } = await readClientSettings(
    { ...others, ...(voucher === undefined ? {} : { server: voucher }), file: config },
    where,
  );
  if (file !== undefined) terminal.out(`Using config file: ${file}`);
  for (const warning of warnings) terminal.err(`warning: ${warning}`);
  return settings;
}

function connect(settings: ClientSettings, { env, tokens, version }: ClientSurroundings): VoucherClient {
  const server = parseServerAddress(settings.server);
  const signIn = signInTo(server, parseAuthMethod(settings.auth), settings, tokens);
  return createVoucherClient({ server, signIn, userAgent: `voucher-client/${version}`, env });
}

interface Work {
  readonly client: VoucherClient;
  readonly settings: ClientSettings;
  readonly verb: keyof typeof WORDS;
  readonly signal: AbortSignal;
}

async function isApproved(
  text: string,
  { client, settings, verb, signal }: Work,
  surroundings: ClientSurroundings,
): Promise<boolean> {
  const { terminal } = surroundings;
  const words = WORDS[verb];
  const failed = (...sentences: readonly string[]) => {
    terminal.err(sentences.join(": "));
    return false;
  };
  let step = "parsing image reference failed";
  let image: Canonical;
  try {
    const reference = parseReference(text);
    step = "getting image digest failed: getting digest from tag failed";
    image = await lookUp(reference, surroundings, signal);
  } catch (fault) {
    return failed("getting canonical reference failed", step, asVoucherError(fault).message);
  }
  terminal.out(`${words.begun}: ${formatReference(image)}`);
  try {
    const answer = await client.ask({ image, check: settings.check, verb }, signal);
    terminal.out(`${answerLines(answer).join("\n")}\n`);
    if (answer.verdict.platforms.length > 0) terminal.out(matrix(answer.verdict, terminal));
    return answer.success || failed(words.outer, "image failed to pass required check(s)");
  } catch (fault) {
    return failed(words.outer, words.inner, wordsOf(asVoucherError(fault)));
  }
}

function wordsOf(error: VoucherError): string {
  return error instanceof ServerRefusal ? `failed to get response: ${error.said}` : error.message;
}

/** What is named by its digest is not looked for: only the server need reach its registry. */
async function lookUp(
  image: Reference,
  { env, cwd, terminal }: ClientSurroundings,
  signal: AbortSignal,
): Promise<Canonical> {
  if (image.digest !== undefined) return canonical(image, image.digest);
  const observer = logTo(terminal, "WARNING");
  const app = await createApp(toConfig({}, cwd, {}), { observer, env });
  const { reference } = await app.resolve(withDefaultTag(image), signal);
  return canonical(reference, reference.digest);
}
