#!/usr/bin/env node
import { homedir } from "node:os";
import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { type ClientFlags, clientCommand } from "./client-command.ts";
import { googleIdentityTokens } from "./client-google.ts";
import { processTerminal } from "./terminal.ts";

const program = new Command("voucher_client")
  .description("sends images to a Voucher server to be reviewed; resolves a tag to its digest first")
  .argument("[image...]", "name:tag or name@digest")
  .option("-v, --voucher <url>", "Voucher server to connect to (default: http://localhost:8000)")
  .option("-c, --check <name>", "the check or group to run (default: all)")
  .option("-a, --auth <method>", "basic, idtoken or default-access-token (default: basic)")
  .option("--username <name>", "with --auth basic")
  .option(
    "--password <password>",
    "with --auth basic; in the config file it is not seen by others on this machine",
  )
  .option("-t, --timeout <seconds>", "how long to wait before failing (default: 240)", Number)
  .option("--verify", "verify the attestations of an image instead of checking it")
  .option("--config <file>", "config file (default: ~/.voucher.toml, .yaml or .json)")
  .version(`voucher_client version ${manifest.version}`, "--version")
  .exitOverride()
  .showHelpAfterError()
  .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, "Error: ")) })
  .action(async (images: string[], flags: ClientFlags) => {
    if (images.length === 0) program.error("Error: missing the image to check");
    process.exitCode = await clientCommand(images, flags, {
      env: process.env,
      cwd: process.cwd(),
      home: homedir(),
      terminal: processTerminal(),
      tokens: googleIdentityTokens(),
      version: manifest.version,
    });
  });

/** Voucher's client is written in Go, where `-v=URL` and `--verify=false` are flags too. */
function fromGo(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  const own = flags
    .filter((arg) => arg !== "--verify=false")
    .map((arg) => (arg === "--verify=true" ? "--verify" : arg.replace(/^(-[vcat])=/, "$1")));
  return end === -1 ? own : [...own, ...args.slice(end)];
}

try {
  await program.parseAsync(fromGo(process.argv.slice(2)), { from: "user" });
} catch (fault) {
  if (!(fault instanceof CommanderError)) throw fault;
  process.exitCode = fault.exitCode === 0 ? 0 : 1;
}
