import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { kmsPath, startKms } from "../support/kms.ts";
import { type LogEntry, type Operation, openOperation, type Settings } from "../support/operation.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { type Entry, isAsDocumented, isFoundBy, readRunbook } from "../support/runbook-page.ts";
import { attested, checksAttested } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

/** What the page calls the registry, up to a repository. */
const IMAGES = "europe-docker.pkg.dev/our-project/images";
const SCANS = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
const CHECKS = { diy: true, nobody: true };
const BOTH = ["diy", "nobody"];
const ATTESTED = 'jsonPayload.message="image attested"';

const image = (name: string, user = "10001") =>
  sampleImage({ platform: "linux/amd64", user, files: { name } });
const index = (name: string) =>
  sampleIndex({
    images: ["linux/amd64", "linux/arm64"].map((platform) =>
      sampleImage({ platform, user: "10001", files: { name } }),
    ),
  });

describeWith(["docker-registry", "skopeo", "pubsub-emulator"], "docs/runbook.md", () => {
  let emulator: PubSubEmulator;
  let page: ReadonlyMap<string, Entry>;
  const followed = new Set<string>();
  const opened = new Set<Operation>();

  beforeAll(async () => {
    page = await readRunbook();
    emulator = await startPubSubEmulator();
  }, 60_000);

  afterAll(async () => {
    await Promise.all([...opened].map((one) => one.close()));
    await emulator?.close();
  });

  /** An operation of its own, and an operator who follows one entry of the page. */
  async function begin(title: string, settings: Settings = { checks: CHECKS }) {
    const entry = page.get(title);
    if (entry === undefined) throw new Error(`the page has no entry ${title}`);
    followed.add(title);
    const operation = await openOperation(emulator, `operation-${followed.size}`, settings);
    opened.add(operation);
    const blocks = [...entry.blocks];
    const entries: LogEntry[] = [];
    const logged = () => [...operation.entries(), ...entries];

    /** Runs the entry's next block about an image: it prints what the page says, and its last command ends with `code`. */
    async function next(about = "", code = 0): Promise<void> {
      const block = blocks.shift() ?? [];
      const codes: (number | null)[] = [];
      for (const { command, prints } of block) {
        const here = command.replaceAll(IMAGES, `${operation.front.host}/images`);
        const { stdout, code: ended } = await operation.shell(`exec 2>&1\n${here}`, { IMAGE: about });
        const lines = stdout.replaceAll(`${operation.front.host}/images`, IMAGES).split("\n").filter(Boolean);
        const same = lines.map((line, at) => (isAsDocumented(line, prints[at] ?? "") ? prints[at] : line));
        expect([command, ...same]).toEqual([command, ...prints]);
        codes.push(ended);
      }
      expect(codes).toEqual(block.map((_, at) => (at === block.length - 1 ? code : 0)));
    }

    return {
      operation,
      next,
      /** Waits until the functions have logged what the filter finds, so many times. */
      found: (filter: string, times = 1) =>
        vi.waitFor(
          () => expect(logged().filter((one) => isFoundBy(filter, one)).length).toBeGreaterThanOrEqual(times),
          { timeout: 40_000, interval: 50 },
        ),
      deadLettered: (messages: number) =>
        vi.waitFor(async () => expect(await operation.deadLettered()).toBe(messages), {
          timeout: 40_000,
          interval: 200,
        }),
      /** Has the function's last words among what was logged. */
      heard: (text: string) =>
        void entries.push(
          ...text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
        ),
      /** Nothing of the entry is left to run, and each of its filters finds something. */
      async end(): Promise<void> {
        expect(blocks).toEqual([]);
        for (const filter of entry.filters)
          expect([filter, logged().some((one) => isFoundBy(filter, one))]).toEqual([filter, true]);
        opened.delete(operation);
        await operation.close();
      },
    };
  }

  it.concurrent("helps where scans stall, or came too late", async () => {
    const { operation, next, found, end } = await begin("Scans stall, or came too late", {
      checks: { nobody: true, snakeoil: true },
      failon: "high",
      pending: { max_minutes: 0.05 },
    });
    const { project, grafeas, front, push } = operation;
    const sample = image("scanned");
    const resourceUri = `https://${front.host}/images/app@${sample.root.digest}`;
    const discovery = { analysisStatus: "SCANNING", continuousAnalysis: "ACTIVE" };
    const scan = grafeas.seed(project, { noteName: SCANS, resourceUri, discovery });
    const about = await push(sample, "app", "v1");
    await found('jsonPayload.deadLetter="waited"');

    await next(about, 3);
    grafeas.amend(scan.name, { discovery: { ...discovery, analysisStatus: "FINISHED_SUCCESS" } });
    await next(about);
    await next(about);

    expect(checksAttested(operation, sample.root.digest)).toEqual(
      expect.arrayContaining(["nobody", "snakeoil"]),
    );
    await end();
  }, 150_000);

  it.concurrent("helps where a registry is down", async () => {
    const { operation, next, found, end } = await begin("A registry is down");
    const sample = image("unreachable");
    const about = await operation.push(sample, "app", "v1");
    await found(ATTESTED);
    await operation.forget();
    operation.front.cut();
    await operation.announce(about);
    await found('jsonPayload.deadLetter="attempts"');

    await next(about, 3);
    operation.front.restore();
    await next(about);

    await found(ATTESTED, 2);
    expect(checksAttested(operation, sample.root.digest)).toEqual(BOTH);
    await end();
  }, 150_000);

  it.concurrent("helps where Cloud KMS denies", async () => {
    const kms = await startKms();
    const keys = BOTH.map((check) => ({ check, path: kmsPath(check) }));
    const versions = keys.map(({ path }) => kms.add(path, "EC_SIGN_P256_SHA256"));
    const { operation, next, found, end } = await begin("Cloud KMS denies", {
      checks: CHECKS,
      signer: "kms",
      kms: { endpoint: kms.url },
      kms_keys: keys,
    });
    for (const version of versions) version.denied = true;
    const sample = image("unsigned");
    const about = await operation.push(sample, "app", "v1");
    await found('jsonPayload.deadLetter="attempts"');
    expect(attested(operation)).toEqual([]);

    for (const version of versions) version.denied = false;
    await next(about);

    await found(ATTESTED);
    expect(checksAttested(operation, sample.root.digest)).toEqual(BOTH);
    await end();
    await kms.close();
  }, 150_000);

  it.concurrent("helps where a key rotates", async () => {
    const { operation, next, found, end } = await begin("A key rotates");
    const about = await operation.push(index("rotated"), "app", "v1");
    await found(ATTESTED, 3);
    await operation.rotate("nobody");
    await operation.deploy({});
    const refused = await operation.shell(`voucher verify --check nobody "$IMAGE"`, { IMAGE: about });
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining("unknown key") });

    await next(about);
    await next(about);
    await end();
  }, 150_000);

  it.concurrent("helps where a check is added", async () => {
    const { operation, next, found, end } = await begin("A check is added", { checks: { diy: true } });
    const good = await operation.push(image("good"), "app", "v1");
    await operation.push(image("bad", "root"), "app", "v2");
    await found(ATTESTED, 2);
    await operation.deploy({ checks: CHECKS });
    await writeFile(join(operation.folder, "running.txt"), `${good.split("@")[0]}:v1\n`);

    await next();
    await next();
    expect(checksAttested(operation, image("good").root.digest)).toEqual(BOTH);
    expect(checksAttested(operation, image("bad", "root").root.digest)).toEqual(["diy"]);
    await end();
  }, 150_000);

  it.concurrent("helps where events were given up", async () => {
    const { operation, next, found, deadLettered, end } = await begin("Alert: events were given up");
    const { pubsub } = operation;
    await pubsub.publish("gcr", '{"action":"PUSH"}');
    await found('jsonPayload.deadLetter="malformed"');
    await operation.stop();
    const sample = image("undelivered");
    await operation.push(sample, "app", "v1");
    const announcement = { name: `projects/${operation.project}/occurrences/1`, kind: "DISCOVERY" };
    await pubsub.publish("container-analysis-occurrences-v1", JSON.stringify(announcement));
    await deadLettered(3);
    await operation.deploy({});

    await next("", 3);
    await next();
    expect(checksAttested(operation, sample.root.digest)).toEqual(BOTH);
    expect(await pubsub.pull("voucher-dead-letters")).toEqual([]);
    await end();
  }, 150_000);

  it.concurrent("helps where events are not getting through", async () => {
    const { operation, next, found, heard, deadLettered, end } = await begin(
      "Alert: events are not getting through",
    );
    const sample = image("stuck");
    const about = await operation.push(sample, "app", "v1");
    await found(ATTESTED);
    await operation.forget();
    operation.front.cut();
    await operation.deploy({ events: { dead_letter_topic: "never-made", max_attempts: 1 } });
    await operation.announce(about);
    await found('severity="ERROR" jsonPayload.outcome="retry"');
    await operation
      .deploy({ events: { dead_leter_topic: "voucher-dead-letters" } })
      .catch((fault) => heard(String(fault)));
    await deadLettered(1);

    await next("", 2);
    operation.front.restore();
    await operation.deploy({ events: { dead_letter_topic: "voucher-dead-letters" } });
    await next();

    await found(ATTESTED, 2);
    expect(checksAttested(operation, sample.root.digest)).toEqual(BOTH);
    await end();
  }, 150_000);

  it.concurrent("helps where a bad push must be withdrawn", async () => {
    const { operation, next, found, end } = await begin("A bad push must be withdrawn");
    const about = await operation.push(image("bad"), "app", "v1");
    await found(ATTESTED);

    await next(about, 1);
    expect(attested(operation)).toEqual([]);
    await operation.announce(about);
    await found(ATTESTED, 2);
    expect(attested(operation)).toHaveLength(2);
    await operation.shell(`voucher revoke "$IMAGE" --check all --reason again --yes`, { IMAGE: about });
    await next(about);
    await end();
  }, 150_000);

  it("is followed whole", () => {
    const withCommands = [...page].filter(([, { blocks }]) => blocks.length > 0);
    expect(withCommands.map(([title]) => title).sort()).toEqual([...followed].sort());
  });
});
