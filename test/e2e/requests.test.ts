import { afterAll, beforeAll, expect, it } from "vitest";
import { demoImage, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { deliver } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];
const PLAIN = sampleIndex({
  images: PLATFORMS.map((platform) =>
    sampleImage({ platform, user: "10001", created: "2026-01-02T00:00:00Z" }),
  ),
});
const WITH_ATTESTATIONS = demoImage();
const N = PLATFORMS.length;

describeWith(
  ["docker-registry", "skopeo"],
  "an instance that asks a registry about an index of N platforms",
  () => {
    let stage: Stage;
    let name: string;
    let config: string;

    beforeAll(async () => {
      stage = await openStage();
      name = `${stage.registry.host}/team/app`;
      config = await stage.configure();
      await skopeoPush(PLAIN, `${name}:plain`);
      await skopeoPush(WITH_ATTESTATIONS, `${name}:built`);
    });

    afterAll(async () => {
      await stage?.close();
    });

    /** The requests that a fresh instance makes while `use` works with it. */
    async function requestsOf(use: (instance: { readonly url: string }) => Promise<void>): Promise<string[]> {
      const before = (await stage.registry.requests()).length;
      const instance = await stage.startFunction(config);
      await use(instance);
      const requests = (await stage.registry.requests()).slice(before);
      expect(requests.filter(({ status }) => status !== 200)).toEqual([]);
      return requests.map(({ method, path }) => `${method} ${path}`);
    }

    it("takes 2N+1 requests: the index, and for each platform its manifest and its config", async () => {
      const requests = await requestsOf(async (instance) => {
        expect(await deliver(instance, pushEvent(name, PLAIN.root.digest, "plain"))).toBe(204);
      });

      expect(requests).toHaveLength(2 * N + 1);
      expect(new Set(requests).size).toBe(2 * N + 1);
      expect(requests.filter((request) => request.includes("/manifests/"))).toHaveLength(N + 1);
    });

    it("takes one more for each attestation manifest of BuildKit, whose content must be seen", async () => {
      const requests = await requestsOf(async (instance) => {
        expect(await deliver(instance, pushEvent(name, WITH_ATTESTATIONS.root.digest, "built"))).toBe(204);
      });

      expect(requests).toHaveLength(2 * N + 1 + N);
    });

    it("still takes 2N+1 for a burst of the children's events and the index's own", async () => {
      const requests = await requestsOf(async (instance) => {
        const events = PLAIN.manifests.map(({ digest }) => pushEvent(name, digest));
        const statuses = await Promise.all(events.map((event) => deliver(instance, event)));
        expect(statuses).toEqual(events.map(() => 204));
      });

      expect(requests).toHaveLength(2 * N + 1);
    });

    it("takes none at all for what it has seen", async () => {
      let once = 0;
      const requests = await requestsOf(async (instance) => {
        const event = pushEvent(name, PLAIN.root.digest, "plain");
        await deliver(instance, event);
        once = (await stage.registry.requests()).length;
        for (const tag of ["v1", "v2", "v3"]) {
          expect(await deliver(instance, pushEvent(name, PLAIN.root.digest, tag))).toBe(204);
        }
        expect(await stage.registry.requests()).toHaveLength(once);
      });

      expect(requests).toHaveLength(2 * N + 1);
    });
  },
);
