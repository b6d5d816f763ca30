import { readFileSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { demoImage, sampleImage } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { pushEvent } from "../support/notifications.ts";
import { pause } from "../support/processes.ts";
import { replay, startReplay } from "../support/replay-process.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const COUNT = 8;
const IMAGES = Array.from({ length: COUNT }, (_, at) =>
  sampleImage({ platform: "linux/amd64", user: "10001", created: `2026-02-0${at + 1}T00:00:00Z` }),
);
const ROOT = sampleImage({ platform: "linux/amd64" });
const LATE = sampleImage({ platform: "linux/amd64", user: "10001", created: "2026-03-01T00:00:00Z" });
const INDEX = demoImage();
const digestAt = (at: number) => IMAGES[at]?.root.digest ?? "";
const ABSENT = `sha256:${"a".repeat(64)}`;

describeWith(["docker-registry", "skopeo"], "voucher replay", () => {
  let stage: Stage;
  let name: string;
  let config: string;
  /** What happens to a request that is to store attestations. */
  let storing: () => Promise<undefined>;

  beforeAll(async () => {
    stage = await openStage({
      before: ({ method }) => (method === "POST" ? storing() : Promise.resolve(undefined)),
    });
    name = `${stage.registry.host}/team/app`;
    for (const [at, sample] of IMAGES.entries()) await skopeoPush(sample, `${name}:v${at}`);
    await skopeoPush(ROOT, `${name}:root`);
    await skopeoPush(INDEX, `${name}:index`);
    config = await stage.configure();
  }, 120_000);

  beforeEach(async () => {
    storing = async () => undefined;
    await stage.withdrawAll();
  });

  afterAll(() => stage?.close());

  let files = 0;
  /** Writes these lines; what is no text is written as JSON. */
  async function fileOf(...lines: readonly unknown[]): Promise<string> {
    files += 1;
    const path = join(stage.folder, `events-${files}.jsonl`);
    await writeFile(
      path,
      lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
    );
    return path;
  }

  const pushes = () => IMAGES.map((_, at) => pushEvent(name, digestAt(at), `v${at}`));
  const run = (...args: readonly string[]) => replay(args, { config, cwd: stage.folder });
  const isAttested = (digest: string) => checksAttested(stage, digest).join() === "diy,nobody";

  it("reviews what a file holds: pushes, messages and verdicts; and says of each line that holds none why", async () => {
    const message = {
      data: Buffer.from(JSON.stringify(pushEvent(name, digestAt(1)))).toString("base64"),
      messageId: "1",
    };
    const verdict = {
      specversion: "1.0",
      id: "1",
      source: "voucher",
      type: "dev.voucher.verdict.v1",
      data: { image: `${name}@${INDEX.root.digest}`, tag: "index" },
    };
    const file = await fileOf(
      pushEvent(name, digestAt(0), "v0"),
      { ackId: "x", message },
      verdict,
      { action: "DELETE", tag: `${name}:v0` },
      pushEvent(name, ROOT.root.digest, "root"),
      "{broken",
      "",
      pushEvent(name, ABSENT),
    );

    const { code, summary, lines } = await run("--file", file);

    expect(summary).toEqual({
      seen: 7,
      matched: 7,
      done: 5,
      approved: 2,
      rejected: 2,
      pending: 0,
      failed: 2,
      ignored: 1,
      resumed: 0,
    });
    expect(code).toBe(3);
    expect([digestAt(0), digestAt(1)].every(isAttested)).toBe(true);
    expect(checksAttested(stage, INDEX.root.digest)).toEqual(["diy"]);
    expect(lines).toContain("voucher: line 6: the document is not JSON");
    expect(lines.find((line) => line.startsWith(`voucher: line 8 (${name}@${ABSENT}): `))).toContain("404");
    expect(lines.join("\n")).toMatch(/rejected\s+│ nobody\s+│\s+2/);
    expect(lines.join("\n")).toMatch(/failed\s+│ malformed\s+│\s+1/);
    expect(lines.join("\n")).toMatch(/failed\s+│ not-found\s+│\s+1/);
  });

  it("ends with 0 where nothing failed, and repeats no attestation that is there", async () => {
    const file = await fileOf(...pushes());
    const first = await run("--file", file);
    const before = attested(stage);
    const again = await run("--file", file);

    expect([first.code, again.code]).toEqual([0, 0]);
    expect(again.summary).toMatchObject({ approved: COUNT, done: COUNT });
    expect(attested(stage)).toEqual(before);
    expect(before).toHaveLength(2 * COUNT);
  });

  it("takes what is selected by pattern, and tells what it would take without doing it", async () => {
    const file = await fileOf(...pushes());

    const dry = await run("--file", file, "--filter", "tag=v[0-9]", "--filter", "tag=v3", "--dry-run");
    expect(dry).toMatchObject({ code: 0, summary: { seen: COUNT, matched: 1, done: 0 } });
    expect(dry.lines.join("\n")).toMatch(new RegExp(`would be replayed\\s+│ ${name}\\s+│\\s+1`));
    expect(attested(stage)).toEqual([]);

    const wet = await run("--file", file, "--filter", "repository=*/team/*", "--filter", "tag=v3");
    expect(wet).toMatchObject({ code: 0, summary: { seen: COUNT, matched: 1, approved: 1 } });
    expect(isAttested(digestAt(3))).toBe(true);
  });

  it("keeps to a window of time, which what has no time is never in", async () => {
    const at = (publishTime: string, digest: string) => ({
      message: { data: Buffer.from(JSON.stringify(pushEvent(name, digest))).toString("base64"), publishTime },
    });
    const file = await fileOf(
      at("2026-11-24T23:59:59Z", digestAt(0)),
      at("2026-11-25T00:00:00Z", digestAt(1)),
      at("2026-11-26T00:00:00Z", digestAt(2)),
      pushEvent(name, digestAt(3)),
    );

    const { summary } = await run("--file", file, "--since", "2026-11-25", "--until", "2026-11-26T00:00:00Z");

    expect(summary).toMatchObject({ seen: 4, matched: 1, approved: 1 });
    expect(isAttested(digestAt(1))).toBe(true);
  });

  it("finishes what is in flight at Ctrl-C, writes it down, exits 130, and then goes on without repeating it", async () => {
    const file = await fileOf(...pushes());
    const checkpoint = join(stage.folder, "interrupted.checkpoint");
    const args = ["--file", file, "--checkpoint", checkpoint, "--concurrency", "2"];
    const gate = Promise.withResolvers<undefined>();
    let writing = 0;
    storing = () => {
      writing += 1;
      return gate.promise;
    };
    const interrupted = await startReplay(args, { config, cwd: stage.folder });
    await vi.waitFor(() => expect(writing).toBe(2), 10_000);

    interrupted.process.signal("SIGINT");
    await vi.waitFor(
      () => expect(interrupted.process.lines.join()).toContain("finishing what is in flight"),
      5_000,
    );
    expect(await readFile(checkpoint, "utf8")).toMatch(/^[^\n]+\n$/);
    gate.resolve(undefined);
    const first = await interrupted.finish();

    expect(first).toMatchObject({ code: 130, summary: { approved: 2, done: 2, failed: 0 } });
    expect(attested(stage)).toHaveLength(4);
    const requests = stage.grafeas.traffic.count({ kind: "batch" });
    const second = await run(...args);
    expect(second).toMatchObject({
      code: 0,
      summary: { seen: COUNT, resumed: 2, approved: COUNT - 2, done: COUNT - 2 },
    });
    expect(attested(stage)).toHaveLength(2 * COUNT);
    expect(stage.grafeas.traffic.count({ kind: "batch" }) - requests).toBe(COUNT - 2);
    const third = await run(...args);
    expect(third).toMatchObject({ code: 0, summary: { resumed: COUNT, done: 0 } });
  });

  it("ends at once at a second Ctrl-C, and has written down nothing that was not done", async () => {
    const checkpoint = join(stage.folder, "impatient.checkpoint");
    const gate = Promise.withResolvers<undefined>();
    let writing = 0;
    storing = () => {
      writing += 1;
      return gate.promise;
    };
    const args = ["--file", await fileOf(...pushes()), "--checkpoint", checkpoint];
    const impatient = await startReplay(args, { config, cwd: stage.folder });
    await vi.waitFor(() => expect(writing).toBe(COUNT), 10_000);

    impatient.process.signal("SIGINT");
    await pause(1_200); // npm sends one twice, so what comes sooner is the same
    expect(impatient.process.hasEnded()).toBe(false);
    impatient.process.signal("SIGINT");

    expect((await impatient.finish()).code).toBe(130);
    expect(await readFile(checkpoint, "utf8")).toMatch(/^[^\n]+\n$/);
    gate.resolve(undefined);
  });

  it("loses nothing when it is killed, and repeats nothing that it had written down", async () => {
    const file = await fileOf(...pushes());
    const checkpoint = join(stage.folder, "killed.checkpoint");
    const args = ["--file", file, "--checkpoint", checkpoint, "--concurrency", "1"];
    let writing = 0;
    storing = async () => {
      writing += 1;
      if (writing === 4) await pause(60_000);
      return undefined;
    };
    const killed = await startReplay(args, { config, cwd: stage.folder });
    await vi.waitFor(() => expect(writing).toBe(4), 15_000);

    killed.process.signal("SIGKILL");
    await killed.process.ended;
    storing = async () => undefined;
    const next = await run(...args);

    expect(next).toMatchObject({ code: 0, summary: { resumed: 3, approved: COUNT - 3 } });
    expect(IMAGES.every(({ root }) => isAttested(root.digest))).toBe(true);
  });

  it("tries again what failed, and only that", async () => {
    const file = await fileOf(pushEvent(name, digestAt(0)), pushEvent(name, LATE.root.digest));
    const args = ["--file", file, "--checkpoint", join(stage.folder, "failed.checkpoint")];

    expect(await run(...args)).toMatchObject({ code: 3, summary: { approved: 1, failed: 1 } });
    expect(await run(...args)).toMatchObject({ code: 3, summary: { resumed: 1, failed: 1 } });
    await skopeoPush(LATE, `${name}:late`);
    expect(await run(...args)).toMatchObject({ code: 0, summary: { resumed: 1, approved: 1, failed: 0 } });
  });

  it("refuses the checkpoint of another source, and replays nothing then", async () => {
    const checkpoint = join(stage.folder, "other.checkpoint");
    await run("--file", await fileOf(...pushes().slice(0, 1)), "--checkpoint", checkpoint);
    await stage.withdrawAll();

    const refused = await run("--file", await fileOf(...pushes()), "--checkpoint", checkpoint);

    expect(refused).toMatchObject({ code: 2, summary: undefined });
    expect(refused.lines.join()).toContain("is of another replay");
    expect(attested(stage)).toEqual([]);
  });

  it("checks and signs again by force", async () => {
    const file = await fileOf(pushEvent(name, digestAt(0)));
    await run("--file", file);
    const patched = () => stage.grafeas.occurrences().map(({ updateTime }) => updateTime);
    const before = patched();

    await run("--file", file);
    expect(patched()).toEqual(before);
    expect(await run("--file", file, "--force")).toMatchObject({ code: 0, summary: { approved: 1 } });
    expect(patched().every((time, at) => time !== before[at])).toBe(true);
  });

  it("reviews the images that a file names", async () => {
    const list = await fileOf(
      "# ours",
      `${name}:v0`,
      `${name}@${digestAt(1)}`,
      `${name}:v1 # the same`,
      `${name}:gone`,
    );

    const { code, summary, lines } = await run("--images", list);

    expect(summary).toMatchObject({ seen: 4, matched: 3, approved: 2, failed: 1 });
    expect(code).toBe(3);
    expect(lines.some((line) => line.startsWith("voucher: line 5: can't read"))).toBe(true);
  });

  it("reviews what the tags of a repository name, each digest once", async () => {
    await skopeoPush(IMAGES[2] ?? ROOT, `${name}:v2-again`);

    const { summary } = await run("--repository", name, "--tag", "v2*");

    expect(summary).toMatchObject({ seen: 2, matched: 1, approved: 1 });
    expect(attested(stage)).toEqual([`diy ${digestAt(2)}`, `nobody ${digestAt(2)}`]);
  });

  it("attests anew, after a key was changed, every image that the old one had attested", async () => {
    const file = await fileOf(...pushes());
    await run("--file", file);
    const keys = () =>
      new Set(
        stage.grafeas
          .occurrences()
          .flatMap(({ noteName, attestation }) =>
            noteName.endsWith("/nobody")
              ? Object(attestation).signatures.map((one: object) => Object(one).publicKeyId)
              : [],
          ),
      );
    const old = keys();
    const pem = join(stage.folder, "nobody.pem");
    const kept = await readFile(pem);
    await writeFile(pem, (await generatePkixKey()).privateKey);
    try {
      const rotated = await run("--attested", "nobody");

      expect(rotated).toMatchObject({ code: 0, summary: { seen: COUNT, approved: COUNT } });
      expect(keys().size).toBe(1);
      expect([...keys()]).not.toEqual([...old]);
      expect(attested(stage)).toHaveLength(2 * COUNT);
    } finally {
      await writeFile(pem, kept);
    }
  });

  it("goes through 100,000 events in little memory", async () => {
    const path = join(stage.folder, "many.jsonl");
    const file = await open(path, "w");
    // A hundred megabytes: whoever reads them whole needs more than all that this may.
    for (let at = 0; at < 100; at += 1) {
      const lines = Array.from({ length: 1_000 }, (_, of) =>
        JSON.stringify({ action: "DELETE", tag: `${name}:t${at}-${of}`, why: "x".repeat(900) }),
      );
      await file.write(`${lines.join("\n")}\n`);
    }
    await file.write(`${JSON.stringify(pushEvent(name, digestAt(0)))}\n`);
    await file.close();

    const checkpoint = join(stage.folder, "many.checkpoint");
    const running = await startReplay(["--file", path, "--checkpoint", checkpoint], {
      config,
      cwd: stage.folder,
    });
    let peak = 0;
    while (!running.process.hasEnded()) {
      peak = Math.max(peak, peakMemory(running.process.pid));
      await pause(20);
    }
    const { code, summary } = await running.finish();

    expect(summary).toMatchObject({ seen: 100_001, ignored: 100_000, approved: 1 });
    expect(code).toBe(0);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(220 * 1024);
  }, 120_000);
});

/** The most memory that a process has had so far, in KiB; 0 where it is gone. */
function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
