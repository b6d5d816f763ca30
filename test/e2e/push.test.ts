import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { demoImage } from "../../lib/local/samples.ts";
import type { LocalServer } from "../../lib/local/server.ts";
import type { FunctionProcess } from "../support/function-process.ts";
import { type PushEvent, startNotifications } from "../support/notifications.ts";
import { runOrThrow } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, checkOf, checksAttested, digestOf, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const SAMPLE = demoImage();
const INDEX = SAMPLE.root.digest;
const [AMD64 = "", ARM64 = "", ARM = "", S390X = "", ...ATTESTATIONS] = SAMPLE.manifests
  .slice(0, -1)
  .map(({ digest }) => digest);
const OWED = [
  ...[AMD64, ARM64, ARM].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]),
  `diy ${S390X}`,
  `diy ${INDEX}`,
].sort();

describeWith(
  ["docker-registry", "skopeo", "pubsub-emulator", "openssl"],
  "an index of four platforms, one of which runs as root, pushed to a real registry",
  () => {
    let emulator: PubSubEmulator;
    let notifications: LocalServer;
    let stage: Stage;
    let onPush: FunctionProcess;
    const announced: { readonly event: PushEvent; readonly messageId: string }[] = [];

    /** Pushes the sample, and waits until each of its announcements is settled. */
    async function push(tag: string): Promise<void> {
      const before = announced.length;
      await skopeoPush(SAMPLE, `${stage.registry.host}/team/app:${tag}`);
      await vi.waitFor(
        () => {
          const tagged = announced.findIndex(
            ({ event }, at) => at >= before && event.tag?.endsWith(`:${tag}`),
          );
          expect(tagged).toBeGreaterThanOrEqual(0);
          for (const { messageId } of announced) expect(settled()).toContain(messageId);
        },
        { timeout: 20_000, interval: 50 },
      );
    }

    function settled(): readonly (string | undefined)[] {
      return onPush.deliveries.filter(({ status }) => status === 204).map(({ messageId }) => messageId);
    }

    beforeAll(async () => {
      emulator = await startPubSubEmulator();
      await emulator.createTopic("gcr");
      notifications = await startNotifications(async (event) => {
        announced.push({ event, messageId: await emulator.publish("gcr", JSON.stringify(event)) });
      });
      stage = await openStage({ notify: notifications.url });
      onPush = await stage.startFunction(await stage.configure());
      await emulator.createPushSubscription("reviews", { topic: "gcr", endpoint: onPush.url });
      await push("v1");
    });

    afterAll(async () => {
      await stage?.close();
      await notifications?.close();
      await emulator?.close();
    });

    it("announces each child before the index", () => {
      const digests = announced.map(({ event }) => event.digest.split("@")[1]);

      expect(digests.toSorted()).toEqual([AMD64, ARM64, ARM, S390X, ...ATTESTATIONS, INDEX].toSorted());
      expect(digests.at(-1)).toBe(INDEX);
    });

    it.each([
      ["linux/amd64", AMD64],
      ["linux/arm64", ARM64],
      ["linux/arm/v7", ARM],
    ])("attests %s for nobody and diy, on its own digest", (_platform, digest) => {
      expect(checksAttested(stage, digest)).toEqual(["diy", "nobody"]);
    });

    it("attests linux/s390x, which runs as root, for diy alone", () => {
      expect(checksAttested(stage, S390X)).toEqual(["diy"]);
    });

    it("attests the index for diy and not for nobody, and the reason names the platform", () => {
      const verdict = onPush.deliveries.find(({ image }) => image?.endsWith(INDEX))?.verdict;
      const nobody = verdict?.results.find(({ name }) => name === "nobody");

      expect(checksAttested(stage, INDEX)).toEqual(["diy"]);
      expect(nobody).toMatchObject({ status: "fail", success: false, attested: false });
      expect(nobody?.error).toContain("linux/s390x");
      expect(nobody?.error).not.toContain("linux/amd64");
    });

    it("skips BuildKit's attestation manifests, in the index and when they are announced themselves", () => {
      const verdict = onPush.deliveries.find(({ image }) => image?.endsWith(INDEX))?.verdict;

      expect(verdict?.skipped).toEqual(
        ATTESTATIONS.map((digest) => ({ digest, reason: "attestation-manifest" })),
      );
      for (const digest of ATTESTATIONS) {
        const delivery = onPush.deliveries.find(({ image }) => image?.endsWith(digest));
        expect(delivery).toMatchObject({ outcome: "ignored", status: 204 });
        expect(checksAttested(stage, digest)).toEqual([]);
      }
    });

    it("has one attestation per digest and check in the end, though each child was reviewed twice", () => {
      expect(attested(stage)).toEqual(OWED);
    });

    it.each(["diy", "nobody"] as const)("signs for %s what openssl verifies", async (check) => {
      const occurrence = stage.grafeas
        .occurrences()
        .find((one) => checkOf(one) === check && digestOf(one) === ARM64);
      const { serializedPayload = "", signatures: [signature] = [] } = occurrence?.attestation ?? {};
      const file = (name: string) => join(stage.folder, `${check}-${name}`);
      await writeFile(file("public.pem"), stage.keys[check].publicKey);
      await writeFile(file("payload"), serializedPayload, "base64");
      await writeFile(file("signature"), signature?.signature ?? "", "base64");

      const said = await runOrThrow("openssl", [
        ..."dgst -sha256 -verify".split(" "),
        file("public.pem"),
        "-signature",
        file("signature"),
        file("payload"),
      ]);

      expect(said.trim()).toBe("Verified OK");
      expect(signature?.publicKeyId).toBe(stage.keys[check].keyId);
      expect(Buffer.from(serializedPayload, "base64").toString()).toBe(
        `{"critical":{"identity":{"docker-reference":"${stage.registry.host}/team/app"},"image":{"docker-manifest-digest":"${ARM64}"},"type":"Google cloud binauthz container signature"}}`,
      );
    });

    it("keeps the very same attestations when it is pushed again, under another tag", async () => {
      const before = stage.grafeas.occurrences();

      await push("v2");

      expect(stage.grafeas.occurrences()).toEqual(before);
    });

    it("keeps the very same attestations when one message is delivered five times", async () => {
      const before = stage.grafeas.occurrences();
      const event = announced.find((one) => one.event.digest.endsWith(INDEX))?.event;
      const ids: string[] = [];

      for (let delivery = 0; delivery < 5; delivery += 1) {
        ids.push(await emulator.publish("gcr", JSON.stringify(event)));
      }
      await vi.waitFor(() => expect(settled()).toEqual(expect.arrayContaining(ids)), 10_000);

      expect(stage.grafeas.occurrences()).toEqual(before);
    });
  },
);
