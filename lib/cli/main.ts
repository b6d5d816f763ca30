#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { asVoucherError } from "../errors.ts";
import { configCheckCommand } from "./config.ts";
import { EXIT, type ExitCode, exitOfError } from "./exit.ts";
import { type GenerateFlags, generateCommand, showCommand } from "./keys.ts";
import { createNotesCommand, type NotesFlags } from "./notes.ts";
import { replayCommand } from "./replay.ts";
import type { ReplayFlags } from "./replay-flags.ts";
import { resolveCommand } from "./resolve.ts";
import { checkCommand, verifyCommand } from "./review.ts";
import { type RevokeFlags, revokeCommand } from "./revoke.ts";
import { requireNoServerFlags, type ServerFlags, serverCommand } from "./server.ts";
import { type CommonFlags, runCommand, type Session, sentence } from "./session.ts";
import { type SubscribeFlags, subscribeCommand } from "./subscribe.ts";
import { processTerminal } from "./terminal.ts";

const program = new Command("voucher")
  .description(manifest.description)
  .version(manifest.version)
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, "voucher: ")) })
  .showSuggestionAfterError();

withCommonFlags(program.command("resolve"))
  .description("print what an image holds: its platforms, and what is none")
  .argument("<image>", "name:tag or name@digest")
  .option("--platform <os/arch>", "only this platform; with -q its digest alone (repeatable)", collect)
  .action((image: string, flags: CommonFlags) =>
    runCommand(flags, (session) => resolveCommand(image, flags, session)),
  );

withReviewFlags(program.command("check"))
  .description("run checks on every platform of images, and attest what passes")
  .argument("<image...>", "name:tag or name@digest")
  .option("--dry-run", "run everything, publish nothing")
  .option("--force", "sign again what is attested already")
  .option(
    "--wait <seconds>",
    "wait that long for scans and build records that are still to come",
    secondsOrNone,
  )
  .action((images: string[], flags: ServerFlags) =>
    runCommand(flags, hereOrThere("check", images, flags, checkCommand)),
  );

withReviewFlags(program.command("verify"))
  .description("verify the attestations of images; runs no check")
  .argument("<image...>", "name:tag or name@digest")
  .option("--key <file>", "verify what others attested in the registry, with this public key alone")
  .action((images: string[], flags: ServerFlags) =>
    runCommand(flags, hereOrThere("verify", images, flags, verifyCommand)),
  );

withCommonFlags(program.command("revoke"))
  .description("withdraw the attestations of images and their platforms")
  .argument("<image...>", "name:tag or name@digest")
  .requiredOption(
    "--check <name>",
    "the check, or group of checks, whose attestations go (repeatable)",
    collect,
  )
  .requiredOption("--reason <text>", "why; it is logged")
  .option("--platform <os/arch>", "only this platform's (repeatable)", collect)
  .option("--yes", "do not ask first")
  .action((images: string[], flags: RevokeFlags) =>
    runCommand(flags, (session) => revokeCommand(images, flags, session)),
  );

const notes = program.command("notes").description("the notes that attestations stand under");
withCommonFlags(notes.command("create"))
  .description("make the notes that the configured checks need")
  .option("--check <name>", "a check, or a group of checks (repeatable; default: every one)", collect)
  .action((flags: NotesFlags) => runCommand(flags, (session) => createNotesCommand(flags, session)));

withCommonFlags(program.command("subscribe"), "the review of one image")
  .description("pull a subscription and review what it announces, until SIGTERM or Ctrl-C")
  .option("-p, --project <project>", "where the subscription is (default: pubsub.project)")
  .option("-s, --subscription <name>", "short or full name (default: pubsub.subscription)")
  .action((flags: SubscribeFlags) =>
    runCommand(
      flags,
      (session) => subscribeCommand(flags, session),
      flags.quiet === true ? "WARNING" : "INFO",
    ),
  );

withCommonFlags(program.command("replay"), "the review of one image")
  .description("feed events again: review them here, or publish them to a topic")
  .option(
    "--file <file>",
    "the push events, Pub/Sub messages and verdicts in a file, one a line (-: standard input)",
  )
  .option(
    "--dead-letter <subscription>",
    "the messages that a dead-letter subscription holds by now, until ten seconds bring no more",
  )
  .option(
    "--repository <name>",
    "what the tags of a repository name (and what has none, where its registry tells)",
  )
  .option("--tag <glob>", "with --repository: only these tags")
  .option("--images <file>", "the images that a file names, one a line (-: standard input)")
  .option("--attested <check>", "every image that has an attestation of this check")
  .option("--to-topic <topic>", "publish the events there instead of reviewing them here")
  .option(
    "--filter <key=glob>",
    "only where the repository, digest, tag or reason is like this (repeatable: any of one key, all keys)",
    collect,
  )
  .option("--since <time>", "only what happened from then on, as in 2027-01-31T12:00:00Z")
  .option("--until <time>", "only what happened before")
  .option("--dry-run", "replay nothing; tell what would be")
  .option("--rate <events>", "begin at most so many a second", amount(0.001, 10_000))
  .option("--concurrency <events>", "handle so many at once (default: 10)", amount(1, 500, 1))
  .option("--checkpoint <file>", "remember there what is done, and go on from there")
  .option("--force", "check and sign again what is attested already")
  .option("--discard", "with --dead-letter: acknowledge messages that hold no event")
  .action((flags: ReplayFlags) => runCommand(flags, (session) => replayCommand(flags, session)));

const config = program.command("config").description("the configuration");
withCommonFlags(config.command("check"), "the review of one image")
  .description("load it and its secrets; print the effective settings, or every problem")
  .action(async (flags: CommonFlags) => {
    process.exitCode = await configCheckCommand(flags, processTerminal(), process.env);
  });

const keys = program.command("keys").description("make the keys that attestations are signed with");
keys
  .command("generate")
  .description("make a key pair; print its key id and public key")
  .requiredOption("--check <name>", "the check that the key signs for")
  .option("--out <file>", "where the private key goes (default: NAME.pem)")
  .option("--json", "one JSON document on stdout")
  .action(async (flags: GenerateFlags) => {
    process.exitCode = await generateCommand(flags, processTerminal());
  });

withCommonFlags(keys.command("show"))
  .description("print the key id and public key of every check's key")
  .action((flags: CommonFlags) => runCommand(flags, (session) => showCommand(flags, session)));

function withCommonFlags(command: Command, timed = "the whole command"): Command {
  return command
    .option(
      "-c, --config <file>",
      "the configuration (default: $VOUCHER_CONFIG, then ./voucher.toml and others)",
    )
    .option("--json", "one JSON document on stdout, nothing else there")
    .option("-q, --quiet", "no more than the answer")
    .option("-v, --verbose", "log what is done, on stderr")
    .option("--timeout <seconds>", `the time that ${timed} may take`, seconds);
}

function withReviewFlags(command: Command): Command {
  return withCommonFlags(command)
    .option("--check <name>", "a check, or a group of checks (repeatable; default: all)", collect)
    .option("--platform <os/arch>", "only this platform, never the index itself (repeatable)", collect)
    .option("--server <url>", "ask this Voucher server instead of doing the work here")
    .option("--auth <method>", "with --server: basic, idtoken or default-access-token (default: basic)")
    .option("--username <name>", "with --server and --auth basic")
    .option("--password <password>", "with --server and --auth basic (default: that of ~/.voucher.toml)");
}

/** The command done by this process, or by the server that the flags name. */
function hereOrThere(
  verb: "check" | "verify",
  images: readonly string[],
  flags: ServerFlags,
  here: typeof checkCommand,
): (session: Session) => Promise<ExitCode> {
  const { server } = flags;
  if (server !== undefined) return (session) => serverCommand(verb, images, { ...flags, server }, session);
  return async (session) => {
    requireNoServerFlags(flags);
    return here(images, flags, session);
  };
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function amount(least: number, most: number, step?: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value >= least && value <= most && (step === undefined || value % step === 0)) return value;
    throw new InvalidArgumentError(`Write a ${step === 1 ? "whole " : ""}number from ${least} to ${most}.`);
  };
}

function seconds(text: string): number {
  const value = secondsOrNone(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Write a number of seconds, more than 0 and at most 86400.");
}

function secondsOrNone(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("Write a number of seconds, at most 86400.");
}

try {
  await program.parseAsync();
} catch (fault) {
  if (fault instanceof CommanderError) {
    process.exitCode = fault.exitCode === 0 ? EXIT.done : EXIT.usage;
  } else {
    const error = asVoucherError(fault);
    processTerminal().err(sentence(error));
    process.exitCode = exitOfError(error);
  }
}
