import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage } from "../../lib/local/samples.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import { bundled } from "../support/bundled.ts";
import { deliver } from "../support/function-process.ts";
import { freePort, startProcess, type TestProcess } from "../support/processes.ts";
import { describeWith } from "../support/tools.ts";

const FRAMEWORK = fileURLToPath(
  new URL("./main.js", import.meta.resolve("@google-cloud/functions-framework")),
);

describeWith(["script"], "at a terminal", () => {
  let stage: ApiStage;
  let image: string;
  const started: TestProcess[] = [];

  beforeAll(async () => {
    stage = await openApiStage();
    const { host, url } = stage.stack.registry;
    image = `${host}/team/app@${await pushSample(demoImage(), { url, repository: "team/app", tag: "v1" })}`;
  });

  afterAll(async () => {
    await Promise.all(started.map((one) => one.close()));
    await stage?.close();
  });

  /** Runs a command with a terminal of its own. */
  async function atTerminal(command: readonly string[], env: { readonly [name: string]: string }) {
    const quoted = command.map((word) => `'${word}'`).join(" ");
    const process = await startProcess("script", ["-qec", quoted, "/dev/null"], {
      env: { TERM: "xterm", VOUCHER_CONFIG: await stage.configure(), ...env },
    });
    started.push(process);
    return process;
  }

  it("a function logs an event in words: what became of it, and what each check said of each platform", async () => {
    const port = await freePort();
    const args = [`--source=${bundled("index.mjs")}`, "--target=onPush", `--port=${port}`];
    const onPush = await atTerminal([process.execPath, FRAMEWORK, ...args], { NO_COLOR: "1" });
    const to = { url: `http://127.0.0.1:${port}` };
    const event = { action: "INSERT", digest: image };

    await vi.waitFor(async () => expect(await deliver(to, event)).toBe(204), 10_000);

    await vi.waitFor(() => expect(onPush.lines.join("\n")).toContain("image decided"));
    const at = onPush.lines.findIndex((line) => line.includes("image decided"));
    expect(onPush.lines[at]).toMatch(
      /^\d\d:\d\d:\d\d INFO {4}image decided .*image=\S+@sha256:\S+ .*durations\.resolve=\d+/,
    );
    expect(onPush.lines.slice(at + 1, at + 6).map((line) => line.trimEnd())).toEqual([
      "    linux/amd64   diy pass, nobody pass",
      "    linux/arm64   diy pass, nobody pass",
      "    linux/arm/v7  diy pass, nobody pass",
      expect.stringMatching(/^ {4}linux\/s390x {3}diy pass, nobody fail \(/),
      expect.stringMatching(/^ {4}index {9}diy pass, nobody fail \(/),
    ]);
    expect(onPush.lines.join("\n")).not.toContain('{"severity"');
  });

  it("is where a command logs in words, and nowhere else", async () => {
    const command = [
      process.execPath,
      bundled("voucher.mjs"),
      "subscribe",
      "-s",
      "projects/p/subscriptions/s",
    ];
    const env = { PUBSUB_EMULATOR_HOST: "127.0.0.1:9", METADATA_SERVER_DETECTION: "none" };
    const words = await atTerminal(command, env);
    await vi.waitFor(() => expect(words.lines.join("\n")).toContain("pulling"), 10_000);
    expect(words.lines.join("\n")).toContain("\u001b[34mINFO");
    const [program = "", ...args] = command;
    const config = await stage.configure();
    const piped = await startProcess(program, args, { env: { VOUCHER_CONFIG: config, ...env } });
    started.push(piped);
    await vi.waitFor(() => expect(piped.lines.join("\n")).toContain("pulling"), 10_000);
    expect(JSON.parse(piped.lines[0] ?? "")).toMatchObject({ severity: "INFO", message: "pulling" });
  });
});
