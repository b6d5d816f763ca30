import { afterAll, beforeAll, expect, it } from "vitest";
import type { Digest } from "../../lib/image/digest.ts";
import { pushSample } from "../../lib/local/push.ts";
import type { Sample } from "../../lib/local/sample.ts";
import { startBridge } from "../endurance/bridge.ts";
import { type Fleet, startFleet } from "../endurance/fleet.ts";
import { drawImages } from "../endurance/images.ts";
import { inParts } from "../endurance/in-parts.ts";
import { openWorld, type World } from "../endurance/world.ts";
import { deliver, startFunction } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { pause } from "../support/processes.ts";
import type { PulledMessage } from "../support/pubsub-emulator.ts";
import { randomFrom } from "../support/random.ts";
import { describeWith } from "../support/tools.ts";

const SEED = Number(process.env["VOUCHER_CRASH_SEED"] ?? 1);
const IMAGES = Number(process.env["VOUCHER_CRASH_IMAGES"] ?? 200);

/** How long things go wrong, and which part of that the registry is down altogether. */
const STORM_MS = 10_000 + IMAGES * 75;
const OUTAGE = { from: 0.3, to: 0.7 };
/** For what the storm has left behind: back-offs of seconds, and dead letters that are fed again. */
const LONGEST_MS = STORM_MS + 60_000;

/** What happens to a request to the registry or to Grafeas, and to an answer to Pub/Sub. */
const SHARE_OF_FAULTS = 0.25;
const SHARE_OF_LOST_ANSWERS = 0.05;
const SHARE_PUBLISHED_TWICE = 0.25;
const REPOSITORY = "team/app";

/** The attribute that a test knows an event by. */
const EVENT = "event";
/** Deliveries at once. */
const AT_ONCE = 20;

describeWith(
  ["docker-registry", "pubsub-emulator"],
  `${IMAGES} images while instances are killed and servers fail (VOUCHER_CRASH_SEED=${SEED})`,
  () => {
    const random = randomFrom(SEED);
    const images = drawImages(IMAGES, random);
    const digests = images.flatMap(({ manifests }) => manifests.map(({ digest }) => digest));
    let world: World;
    let fleet: Fleet;
    let deliveries = 0;

    beforeAll(async () => {
      world = await openWorld(random, SHARE_OF_FAULTS);
      const env = { PUBSUB_EMULATOR_HOST: world.pubsub.host, METADATA_SERVER_DETECTION: "none" };
      fleet = await startFleet({
        config: world.stormyConfig,
        env,
        size: 2,
        random,
        lost: SHARE_OF_LOST_ANSWERS,
      });
      await world.pubsub.createTopic("pushes");
      await world.pubsub.createPullSubscription("pushes", {
        topic: "pushes",
        deadLetterTopic: "dead-letters",
      });
      await inParts(images, 8, (image) =>
        pushSample(image, { url: world.registry.url, repository: REPOSITORY }),
      );
    }, 60_000);

    afterAll(async () => {
      await fleet?.close();
      await world?.close();
    });

    it(
      "attests exactly what a calm run attests, once, and says of every dead letter why",
      async () => {
        const expected = await attestCalmly();
        const letters: PulledMessage[] = [];
        const open = new Set<string>();
        let published = 0;

        const publish = async (data: string) => {
          published += 1;
          open.add(String(published));
          await world.pubsub.publish("pushes", data, { [EVENT]: String(published) });
        };
        const name = `${world.faultyRegistry.host}/${REPOSITORY}`;
        const events = random.shuffle(
          digests.flatMap((digest) => (random.chance(SHARE_PUBLISHED_TWICE) ? [digest, digest] : [digest])),
        );
        const giveUpAt = Date.now() + LONGEST_MS;
        const bridge = startBridge({
          pubsub: world.pubsub,
          subscription: "pushes",
          atOnce: AT_ONCE,
          async deliver(message) {
            deliveries += 1;
            const status = await fleet.deliver(message);
            if (status === 204) open.delete(message.attributes[EVENT] ?? "");
            return status;
          },
        });
        const storm = storms();
        for (const digest of events) {
          await publish(JSON.stringify(pushEvent(name, digest)));
          await pause(random.below((1.6 * STORM_MS) / events.length));
        }
        const kills = await storm;
        for (; open.size > 0 && Date.now() < giveUpAt; await pause(200)) {
          for (const letter of await world.pubsub.pull("kept-dead-letters")) {
            letters.push(letter);
            open.delete(letter.attributes[EVENT] ?? "");
            // As an operator replays it.
            await publish(letter.data);
          }
        }

        await bridge.stop();

        expect([...open]).toEqual([]);
        expect(await world.stormy.attested()).toEqual(expected);
        expect(letters.filter((letter) => explanationOf(letter) === undefined)).toEqual([]);
        report(kills, published, letters);
      },
      LONGEST_MS + 30_000,
    );

    /** What a run attests in which nothing goes wrong. */
    async function attestCalmly(): Promise<readonly string[]> {
      const instance = await startFunction(world.calmConfig);
      try {
        const name = `${world.registry.host}/${REPOSITORY}`;
        await inParts(images, 8, async ({ root }) => {
          expect(await deliver(instance, pushEvent(name, root.digest))).toBe(204);
        });
      } finally {
        await instance.close();
      }
      const attested = await world.calm.attested();
      expect(attested).toEqual(owed(images));
      return attested;
    }

    /** Lets things go wrong until the storm is over; returns how many instances it killed. */
    async function storms(): Promise<number> {
      const began = Date.now();
      let kills = 0;
      for (let part = 0; part < 1; part = (Date.now() - began) / STORM_MS) {
        world.faultyRegistry.isDown(part > OUTAGE.from && part < OUTAGE.to);
        await pause(200 + random.below(800));
        await fleet.killOne();
        kills += 1;
      }
      for (const one of [world.faultyRegistry, world.faultyGrafeas, fleet]) one.calm();
      return kills;
    }

    function report(kills: number, published: number, letters: readonly PulledMessage[]): void {
      const total = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0);
      const faults = [world.faultyRegistry, world.faultyGrafeas].map((one) => total(one.faults.values()));
      process.stdout.write(
        `seed ${SEED}: ${IMAGES} images, ${published} messages, ${deliveries} deliveries; survived ${kills} kills, ` +
          `${fleet.unheard()} answers that Pub/Sub never heard, ${faults[0]} faults of the registry, ${faults[1]} of Grafeas; ` +
          `${letters.length} dead letters, each with its reason\n`,
      );
    }
  },
);

/** Voucher's own word, or, where no instance lived long enough to say it, Pub/Sub's count. */
function explanationOf({ attributes }: PulledMessage): string | undefined {
  const reason = attributes["voucher-reason"];
  if (reason !== undefined) return reason === "attempts" ? attributes["voucher-detail"] : undefined;
  return attributes["CloudPubSubDeadLetterSourceDeliveryCount"];
}

/** What each image deserves, from how it was made: diy for all, nobody for those and of those that name a user. */
function owed(images: readonly Sample[]): readonly string[] {
  return images.flatMap(owedOf).sort();
}

function owedOf({ manifests, blobs, root }: Sample): readonly string[] {
  const documents = new Map(manifests.map(({ digest, bytes }) => [digest, read(bytes)]));
  const listed: readonly Listed[] | undefined = documents.get(root.digest)?.manifests;
  const platforms =
    listed === undefined
      ? [root.digest]
      : listed.filter(({ platform }) => platform.os !== "unknown").map(({ digest }) => digest);
  const clean = platforms.filter((digest) => {
    const config = blobs.find((blob) => blob.digest === documents.get(digest)?.config.digest);
    return read(config?.bytes ?? new Uint8Array()).config.User !== undefined;
  });
  const index = listed === undefined ? [] : [root.digest];
  const cleanIndex = clean.length === platforms.length ? index : [];
  return [
    ...[...platforms, ...index].map((digest) => `diy ${digest}`),
    ...[...clean, ...cleanIndex].map((digest) => `nobody ${digest}`),
  ];
}

interface Listed {
  readonly digest: Digest;
  readonly platform: { readonly os: string };
}

function read(bytes: Uint8Array) {
  return JSON.parse(Buffer.from(bytes).toString("utf8"));
}
