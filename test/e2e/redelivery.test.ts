import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { sampleImage } from "../../lib/local/samples.ts";
import type { DeliveryEntry, FunctionProcess } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { type PubSubEmulator, type PulledMessage, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const LATE = sampleImage({ platform: "linux/amd64", user: "10001", created: "2026-01-02T00:00:00Z" });
const UNSTORED = sampleImage({ platform: "linux/amd64", user: "10001", created: "2026-01-03T00:00:00Z" });
const NEVER = `sha256:${"0".repeat(64)}`;

describeWith(
  ["docker-registry", "skopeo", "pubsub-emulator"],
  "an event that a subscription delivers again",
  () => {
    let emulator: PubSubEmulator;
    let stage: Stage;
    let onPush: FunctionProcess;
    let name: string;
    let storeIsDown = false;
    let neverThere: string;

    beforeAll(async () => {
      emulator = await startPubSubEmulator();
      await emulator.createTopic("gcr");
      await emulator.createTopic("dead-letters");
      await emulator.createPullSubscription("graveyard", "dead-letters");
      stage = await openStage({
        before: () => (storeIsDown ? { status: 503, body: '{"error":{"status":"UNAVAILABLE"}}' } : undefined),
      });
      name = `${stage.registry.host}/team/app`;
      onPush = await stage.startFunction(await stage.configure());
      await emulator.createPushSubscription("reviews", {
        topic: "gcr",
        endpoint: onPush.url,
        deadLetterTopic: "dead-letters",
      });
      // Its five deliveries take the emulator a dozen seconds, so they run beside the other tests.
      neverThere = await emulator.publish("gcr", JSON.stringify(pushEvent(name, NEVER)));
    });

    afterAll(async () => {
      await stage?.close();
      await emulator?.close();
    });

    function deliveriesOf(messageId: string): readonly DeliveryEntry[] {
      return onPush.deliveries.filter((delivery) => delivery.messageId === messageId);
    }

    /** Waits for a delivery of the message that was answered with `status`. */
    function answer(messageId: string, status: number): Promise<void> {
      return vi.waitFor(() => expect(deliveriesOf(messageId).map((one) => one.status)).toContain(status), {
        timeout: 15_000,
        interval: 20,
      });
    }

    it("of an image that is not there yet: is refused, and attests once the image is pushed", async () => {
      const messageId = await emulator.publish("gcr", JSON.stringify(pushEvent(name, LATE.root.digest)));
      await answer(messageId, 503);
      expect(checksAttested(stage, LATE.root.digest)).toEqual([]);

      await skopeoPush(LATE, `${name}:late`);
      await answer(messageId, 204);

      expect(deliveriesOf(messageId).at(-1)).toMatchObject({ outcome: "attested" });
      expect(checksAttested(stage, LATE.root.digest)).toEqual(["diy", "nobody"]);
    });

    it("of an image whose attestations cannot be stored: is refused, and attests once they can", async () => {
      await skopeoPush(UNSTORED, `${name}:unstored`);
      storeIsDown = true;
      const messageId = await emulator.publish("gcr", JSON.stringify(pushEvent(name, UNSTORED.root.digest)));
      await answer(messageId, 503);
      expect(checksAttested(stage, UNSTORED.root.digest)).toEqual([]);

      storeIsDown = false;
      await answer(messageId, 204);

      expect(checksAttested(stage, UNSTORED.root.digest)).toEqual(["diy", "nobody"]);
    });

    it("of an image that never comes: is refused five times, and waits on the dead-letter topic", async () => {
      const dead: PulledMessage[] = [];
      await vi.waitFor(
        async () => {
          dead.push(...(await emulator.pull("graveyard")));
          expect(dead).toHaveLength(1);
        },
        { timeout: 25_000, interval: 200 },
      );

      expect(JSON.parse(dead[0]?.data ?? "")).toEqual(pushEvent(name, NEVER));
      expect(dead[0]?.attributes).toMatchObject({
        CloudPubSubDeadLetterSourceSubscription: "reviews",
        CloudPubSubDeadLetterSourceDeliveryCount: "5",
      });
      const statuses = deliveriesOf(neverThere).map(({ status }) => status);
      expect(statuses).toEqual([503, 503, 503, 503, 503]);
    });
  },
);
