import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { companionTag, cosignSignature, helmChart, sampleImage } from "../../lib/local/samples.ts";
import { type Distribution, startDistribution } from "../support/distribution.ts";
import { type DeliveryEntry, deliver, type FunctionProcess, post } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });
const CHART = helmChart();
const SIGNATURE = cosignSignature(IMAGE);
const ABSENT = `sha256:${"0".repeat(64)}`;

describeWith(["docker-registry", "skopeo"], "an event that is delivered", () => {
  let stage: Stage;
  let onPush: FunctionProcess;
  let name: string;
  let asked: number;
  let answered: number;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    onPush = await stage.startFunction(await stage.configure({ more: "[events]\nmax_attempts = 5\n" }));
    await skopeoPush(IMAGE, `${name}:v1`);
    // skopeo 1.9 copies images only.
    await pushSample(CHART, { url: stage.registry.url, repository: "team/app", tag: "1.0.0" });
    const tag = companionTag(IMAGE.root.digest, "sig");
    await pushSample(SIGNATURE, { url: stage.registry.url, repository: "team/app", tag });
  });

  beforeEach(async () => {
    asked = (await stage.registry.requests()).length;
    answered = onPush.deliveries.length;
  });

  afterAll(async () => {
    await stage?.close();
  });

  async function requestsSince(): Promise<number> {
    return (await stage.registry.requests()).length - asked;
  }

  /** How the one delivery of this test ended. */
  function ending(): Promise<DeliveryEntry | undefined> {
    return vi.waitFor(() => {
      expect(onPush.deliveries).toHaveLength(answered + 1);
      return onPush.deliveries.at(-1);
    }, 5_000);
  }

  it.each([
    ["no JSON", "{not json"],
    ["JSON that is no event", JSON.stringify({ hello: "world" })],
    ["a scalar", "true"],
    ["nothing", ""],
    ["a key twice", '{"action":"INSERT","action":"DELETE"}'],
    ["bytes that are no text", "\u0000\ufffd"],
  ])("is acknowledged and recorded as an error, when its message is %s", async (_what, data) => {
    const status = await deliver(onPush, data);

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "ERROR", outcome: "dead-lettered" });
    expect(await requestsSince()).toBe(0);
  });

  it.each([
    ["an empty object", "{}"],
    ["a message whose data is no base64", '{"message":{"data":"%%%"}}'],
    ["a list", "[1,2,3]"],
  ])("is acknowledged and recorded as an error, when its envelope is %s", async (_what, body) => {
    expect(await post(onPush, body)).toBe(204);
    expect(await ending()).toMatchObject({ severity: "ERROR", outcome: "dead-lettered" });
  });

  it.each([
    ["that is none", "sha256:abc"],
    ["of an unknown algorithm", `md5:${"0".repeat(32)}`],
    ["in upper case", ABSENT.replaceAll("0", "A")],
    ["that climbs out of its repository", `${ABSENT}/../../../secrets`],
  ])("is acknowledged and recorded as an error, when it names a digest %s", async (_what, digest) => {
    const status = await deliver(onPush, pushEvent(name, digest));

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "ERROR", outcome: "dead-lettered" });
    expect(await requestsSince()).toBe(0);
  });

  it("is acknowledged and ignored without a request, when something was deleted", async () => {
    const status = await deliver(onPush, { action: "DELETE", digest: `${name}@${IMAGE.root.digest}` });

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "INFO", outcome: "ignored" });
    expect((await ending())?.reason).toContain("deleted");
    expect(await requestsSince()).toBe(0);
  });

  it("is acknowledged and ignored without a request, when it names a tag alone", async () => {
    const status = await deliver(onPush, { action: "INSERT", tag: `${name}:v1` });

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "INFO", outcome: "ignored" });
    expect(await requestsSince()).toBe(0);
  });

  it.each([
    companionTag(IMAGE.root.digest, "sig"),
    companionTag(IMAGE.root.digest, "att"),
    companionTag(IMAGE.root.digest, "sbom"),
    IMAGE.root.digest.replace(":", "-"),
  ])(
    "is acknowledged and ignored without a request, when its tag is %s, as our own pushes have",
    async (tag) => {
      const digest = `sha256:${createHash("sha256").update(tag).digest("hex")}`;

      const status = await deliver(onPush, pushEvent(name, digest, tag));

      expect(status).toBe(204);
      expect(await ending()).toMatchObject({ severity: "INFO", outcome: "ignored" });
      expect(await requestsSince()).toBe(0);
    },
  );

  it.each([
    ["a Helm chart", CHART],
    ["a signature that is named by its digest alone, as our own pushes are", SIGNATURE],
  ])("is acknowledged and ignored after one request, when it is %s", async (_what, sample) => {
    const status = await deliver(onPush, pushEvent(name, sample.root.digest));

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "INFO", outcome: "ignored" });
    expect((await ending())?.reason).toContain("not an image");
    expect(await requestsSince()).toBe(1);
    expect(checksAttested(stage, sample.root.digest)).toEqual([]);
  });

  it("is refused, so that it comes back, when its image is not there", async () => {
    const status = await deliver(onPush, pushEvent(name, ABSENT), { deliveryAttempt: 1 });

    expect(status).toBe(503);
    expect(await ending()).toMatchObject({ severity: "WARNING", outcome: "retry" });
    expect((await ending())?.reason).toContain(ABSENT);
  });

  it("is acknowledged and recorded as an error at its last delivery, when its image is still not there", async () => {
    const status = await deliver(onPush, pushEvent(name, ABSENT), { deliveryAttempt: 5 });

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "ERROR", outcome: "dead-lettered" });
  });

  it("is acknowledged once its image is attested", async () => {
    const status = await deliver(onPush, pushEvent(name, IMAGE.root.digest, "v1"));

    expect(status).toBe(204);
    expect(await ending()).toMatchObject({ severity: "INFO", outcome: "attested" });
    expect(checksAttested(stage, IMAGE.root.digest)).toEqual(["diy", "nobody"]);
  });

  it("attests nothing but that image, all in all", () => {
    const { digest } = IMAGE.root;
    expect(attested(stage)).toEqual([`diy ${digest}`, `nobody ${digest}`]);
  });
});

describeWith(["docker-registry"], "an event of a host that valid_repos does not name", () => {
  let stage: Stage;
  let stranger: Distribution;

  beforeAll(async () => {
    stage = await openStage();
    stranger = await startDistribution();
  });

  afterAll(async () => {
    await stage?.close();
    await stranger?.close();
  });

  it("is acknowledged and ignored, and the host is never contacted", async () => {
    await pushSample(IMAGE, { url: stranger.url, repository: "team/app", tag: "v1" });
    const before = await stranger.requests();
    const onPush = await stage.startFunction(await stage.configure());

    const status = await deliver(onPush, pushEvent(`${stranger.host}/team/app`, IMAGE.root.digest, "v1"));

    expect(status).toBe(204);
    await vi.waitFor(() => expect(onPush.deliveries).toHaveLength(1), 5_000);
    expect(onPush.deliveries[0]).toMatchObject({ severity: "INFO", outcome: "ignored" });
    expect(onPush.deliveries[0]?.reason).toContain(stranger.host);
    expect(await stranger.requests()).toEqual(before);
    expect(attested(stage)).toEqual([]);
  });
});
