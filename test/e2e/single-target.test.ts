import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { demoImage, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { type DeliveryEntry, deliver, type FunctionProcess } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const SAMPLE = demoImage();
const [AMD64 = "", ARM64 = "", ARM = "", S390X = ""] = SAMPLE.manifests.map(({ digest }) => digest);
const WITHOUT_ARM64 = sampleIndex({
  images: [
    sampleImage({ platform: "linux/amd64", user: "10001" }),
    sampleImage({ platform: "linux/ppc64le", user: "10001" }),
  ],
});

describeWith(["docker-registry", "skopeo"], "single-target mode, with VOUCHER_TARGET_ARCH=arm64", () => {
  let stage: Stage;
  let onPush: FunctionProcess;
  let name: string;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    await skopeoPush(SAMPLE, `${name}:v1`);
    await skopeoPush(WITHOUT_ARM64, `${name}:v2`);
    onPush = await stage.startFunction(await stage.configure(), { VOUCHER_TARGET_ARCH: "arm64" });
  });

  afterAll(async () => {
    await stage?.close();
  });

  function ending(messageId: string): Promise<DeliveryEntry> {
    return vi.waitUntil(() => onPush.deliveries.find((one) => one.messageId === messageId), 5_000);
  }

  it.each([
    ["linux/amd64", AMD64],
    ["linux/arm/v7", ARM],
    ["linux/s390x", S390X],
  ])("ignores the own event of a child for %s, with the reason", async (platform, digest) => {
    const messageId = `child-${digest}`;

    expect(await deliver(onPush, pushEvent(name, digest), { messageId })).toBe(204);

    const delivery = await ending(messageId);
    expect(delivery).toMatchObject({ outcome: "ignored", severity: "INFO" });
    expect(delivery.reason).toContain(platform);
    expect(delivery.reason).toContain("linux/arm64");
    expect(attested(stage)).toEqual([]);
  });

  it("vouches for that child alone when the index is announced, neither for the others nor for the index", async () => {
    expect(await deliver(onPush, pushEvent(name, SAMPLE.root.digest, "v1"))).toBe(204);

    expect(attested(stage)).toEqual([`diy ${ARM64}`, `nobody ${ARM64}`]);
  });

  it("adds nothing when that child's own event comes after it", async () => {
    expect(await deliver(onPush, pushEvent(name, ARM64))).toBe(204);

    expect(attested(stage)).toEqual([`diy ${ARM64}`, `nobody ${ARM64}`]);
  });

  it("says what was wanted and what there is, where an index has no such platform", async () => {
    const messageId = "without";

    const status = await deliver(onPush, pushEvent(name, WITHOUT_ARM64.root.digest, "v2"), { messageId });

    expect(status).toBe(204);
    const delivery = await ending(messageId);
    expect(delivery).toMatchObject({ outcome: "dead-lettered", severity: "ERROR" });
    for (const platform of ["linux/arm64", "linux/amd64", "linux/ppc64le"]) {
      expect(delivery.reason).toContain(platform);
    }
    expect(attested(stage)).toEqual([`diy ${ARM64}`, `nobody ${ARM64}`]);
  });
});
