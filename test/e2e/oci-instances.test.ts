import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { OCI_INDEX } from "../../lib/image/media-types.ts";
import { pushSample } from "../../lib/local/push.ts";
import { startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { attestedIn, checksIn } from "../support/bundles.ts";
import { type Distribution, startDistribution } from "../support/distribution.ts";
import { deliver, type FunctionProcess, startFunction } from "../support/function-process.ts";
import { type PushEvent, pushEvent, startNotifications } from "../support/notifications.ts";
import { type OciStage, openOciStage } from "../support/oci-stage.ts";
import { describeWith } from "../support/tools.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
const REPOSITORY = "team/app";
const BOTH = ["diy", "nobody"];

/** Another index with every call, so that no test finds what another attested. */
let made = 0;
function freshIndex() {
  made += 1;
  const created = new Date(Date.UTC(2026, 0, 1) + made * 1000).toISOString();
  return sampleIndex({
    images: PLATFORMS.map((platform) => sampleImage({ platform, user: "app", created })),
  });
}

describeWith(["docker-registry"], "onPush with the oci store, on Debian's docker-registry", () => {
  let stage: OciStage;
  let registry: Distribution;
  let announced: PushEvent[] = [];
  let notifications: Awaited<ReturnType<typeof startNotifications>>;
  let config: string;
  let name: string;
  const functions: FunctionProcess[] = [];

  beforeAll(async () => {
    stage = await openOciStage();
    notifications = await startNotifications(async (event) => void announced.push(event));
    registry = await startDistribution({ notify: notifications.url });
    name = `${registry.host}/${REPOSITORY}`;
    config = await stage.configure(registry.host, { oci: { cosign_tags: true } });
  });

  beforeEach(() => {
    announced = [];
  });

  afterAll(async () => {
    await Promise.all(functions.map((one) => one.close()));
    await registry?.close();
    await notifications?.close();
    await stage?.close();
  });

  async function instance(): Promise<FunctionProcess> {
    const started = await startFunction(config);
    functions.push(started);
    return started;
  }

  const push = (sample: ReturnType<typeof freshIndex>) =>
    pushSample(sample, { url: registry.url, repository: REPOSITORY, tag: "v1" });

  async function since(before: number): Promise<readonly string[]> {
    return (await registry.requests()).slice(before).map(({ method, path }) => `${method} ${path}`);
  }

  it("attests every platform and the index, without any service of Google's", async () => {
    const sample = freshIndex();
    await push(sample);
    expect(await deliver(await instance(), pushEvent(name, sample.root.digest, "v1"))).toBe(204);
    for (const { digest } of sample.manifests)
      expect(await checksIn(registry.url, REPOSITORY, digest)).toEqual(BOTH);
  });

  it("ends the events that its own writing causes, each at one request at most, and writes nothing more", async () => {
    const sample = freshIndex();
    await push(sample);
    const onPush = await instance();
    await deliver(onPush, pushEvent(name, sample.root.digest, "v1"));

    // For each of four digests two bundles, and the tags that list them; Artifact Registry announces digests alone, too.
    const pushed = sample.manifests.map(({ digest }) => `${name}@${digest}`);
    const caused = () => announced.filter(({ digest }) => !pushed.includes(digest));
    await vi.waitFor(() => expect(caused()).toHaveLength(4 * 4), { timeout: 10_000, interval: 20 });
    const own = caused();
    const events = [...own, ...own.map(({ tag: _, ...event }) => event)];
    for (const event of events) {
      const before = (await registry.requests()).length;
      expect(await deliver(onPush, event)).toBe(204);
      const requests = await since(before);
      expect(requests.length).toBeLessThanOrEqual(1);
      expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([]);
      expect(onPush.deliveries.at(-1)?.outcome).toBe("ignored");
    }
    expect(caused()).toEqual(own);
  });

  it("asks only what is listed where it has attested everything itself", async () => {
    const sample = freshIndex();
    await push(sample);
    const event = pushEvent(name, sample.root.digest, "v1");
    const onPush = await instance();
    await deliver(onPush, event);
    const before = (await registry.requests()).length;
    expect(await deliver(onPush, event)).toBe(204);

    const digests = sample.manifests.map(({ digest }) => digest.replace(":", "-"));
    const expected = digests.flatMap((tag) => [tag, `${tag}.att`]);
    expect([...(await since(before))].sort()).toEqual(
      expected.map((tag) => `GET /v2/${REPOSITORY}/manifests/${tag}`).sort(),
    );
  });

  it("restores what a late writer drops from the list, by the next review", async () => {
    const sample = freshIndex();
    await push(sample);
    const event = pushEvent(name, sample.root.digest, "v1");
    const onPush = await instance();
    await deliver(onPush, event);
    const tag = sample.root.digest.replace(":", "-");
    const url = `${registry.url}/v2/${REPOSITORY}/manifests/${tag}`;
    const index = await (await fetch(url, { headers: { accept: OCI_INDEX } })).json();
    const { manifests = [], ...rest } = Object(index);
    const body = JSON.stringify({ ...rest, manifests: manifests.slice(1) });
    expect((await fetch(url, { method: "PUT", headers: { "content-type": OCI_INDEX }, body })).ok).toBe(true);
    expect(await checksIn(registry.url, REPOSITORY, sample.root.digest)).toHaveLength(1);

    expect(await deliver(onPush, event)).toBe(204);
    expect(await checksIn(registry.url, REPOSITORY, sample.root.digest)).toEqual(BOTH);
  });

  it("loses no entry of others, however many instances list theirs at once", async () => {
    const instances = await Promise.all(Array.from({ length: 3 }, instance));
    const sample = freshIndex();
    await push(sample);
    const event = pushEvent(name, sample.root.digest, "v1");
    let statuses: readonly number[] = [];
    // Where the registry takes the last write for the right one, an event may have to come back, as Pub/Sub sees to.
    for (
      let round = 0;
      round < 5 && !(statuses.length > 0 && statuses.every((one) => one === 204));
      round += 1
    )
      statuses = await Promise.all(instances.map((one) => deliver(one, event)));
    expect(statuses).toEqual([204, 204, 204]);
    for (const one of instances) expect(await deliver(one, event)).toBe(204);

    for (const { digest } of sample.manifests) {
      const checks = await checksIn(registry.url, REPOSITORY, digest);
      expect([...new Set(checks)]).toEqual(BOTH);
    }
    expect((await stage.run("verify", `${name}@${sample.root.digest}`, "-q")).code).toBe(0);
  });
});

describe.each([
  ["by the referrers API", true],
  ["by the fallback tag", false],
])("instances at once on the embedded registry, which lists %s", (_, referrersApi) => {
  let stage: OciStage;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let instances: readonly FunctionProcess[] = [];

  beforeAll(async () => {
    stage = await openOciStage();
    registry = await startRegistry({ referrersApi });
    const config = await stage.configure(registry.host);
    instances = await Promise.all(Array.from({ length: 3 }, () => startFunction(config)));
  });

  afterAll(async () => {
    await Promise.all(instances.map((one) => one.close()));
    await registry?.close();
    await stage?.close();
  });

  it("leave one attestation a digest, check and key", async () => {
    const sample = freshIndex();
    await pushSample(sample, { url: registry.url, repository: REPOSITORY, tag: "v1" });
    const name = `${registry.host}/${REPOSITORY}`;
    const events = [
      ...sample.manifests.map(({ digest }) => pushEvent(name, digest)),
      ...Array(2).fill(undefined),
    ];
    const event = pushEvent(name, sample.root.digest, "v1");
    const statuses = await Promise.all(
      instances.flatMap((one) => events.map((own) => deliver(one, own ?? event))),
    );
    expect(new Set(statuses)).toEqual(new Set([204]));

    for (const { digest } of sample.manifests)
      expect(await checksIn(registry.url, REPOSITORY, digest)).toEqual(BOTH);
    expect((await stage.run("verify", `${name}@${sample.root.digest}`, "-q")).code).toBe(0);
  });

  it("attest nothing more when the event comes again", async () => {
    const sample = freshIndex();
    await pushSample(sample, { url: registry.url, repository: REPOSITORY, tag: "v1" });
    const event = pushEvent(`${registry.host}/${REPOSITORY}`, sample.root.digest, "v1");
    const [one, other] = instances;
    if (one === undefined || other === undefined) throw new Error("two instances are needed");
    await deliver(one, event);
    const before = await attestedIn(registry.url, REPOSITORY, sample.root.digest);
    registry.traffic.reset();
    expect(await deliver(other, event)).toBe(204);
    expect(await deliver(one, event)).toBe(204);
    expect(await attestedIn(registry.url, REPOSITORY, sample.root.digest)).toEqual(before);
    for (const method of ["PUT", "POST", "DELETE"]) expect(registry.traffic.count({ method })).toBe(0);
  });
});
