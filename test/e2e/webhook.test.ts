import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { parse } from "yaml";
import * as z from "zod/mini";
import { demoImage, sampleImage } from "../../lib/local/samples.ts";
import { json } from "../../lib/local/server.ts";
import type { FunctionProcess } from "../support/function-process.ts";
import { freePort } from "../support/processes.ts";
import { type PubSubEmulator, startPubSubEmulator } from "../support/pubsub-emulator.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { attested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";
import { distributionEvent } from "../support/webhooks.ts";

const SECRET = "5f1d0c0a3b";
const WEBHOOK = `[webhook.distribution]\nsecret = "${SECRET}"\n`;

const SAMPLE = demoImage();
const [AMD64 = "", ARM64 = "", ARM = "", S390X = ""] = SAMPLE.manifests.map(({ digest }) => digest);
const OWED = [
  ...[AMD64, ARM64, ARM].flatMap((digest) => [`diy ${digest}`, `nobody ${digest}`]),
  `diy ${S390X}`,
  `diy ${SAMPLE.root.digest}`,
].sort();
const SINGLE = sampleImage({ platform: "linux/amd64", user: "10002" });
const SINGLE_OWED = [`diy ${SINGLE.root.digest}`, `nobody ${SINGLE.root.digest}`];

const EndpointSchema = z.object({
  notifications: z.object({ endpoints: z.tuple([z.looseObject({ url: z.string() })]) }),
});

/** The endpoint as docs/webhooks.md has it, for the function on this port; what it tries again after failures, it tries soon. */
async function documentedEndpoint(port: number) {
  const page = await readFile(new URL("../../docs/webhooks.md", import.meta.url), "utf8");
  const yaml = /```yaml\n(notifications:[^`]+)```/.exec(page)?.[1] ?? "";
  const written = yaml
    .replace("https://voucher.example.com", `http://127.0.0.1:${port}`)
    .replace("SECRET", SECRET);
  const [endpoint] = EndpointSchema.parse(parse(written)).notifications.endpoints;
  return { ...endpoint, backoff: "100ms" };
}

/** Waits until what was pushed has become these attestations. */
async function becomesAttested(stage: Stage, owed: readonly string[]): Promise<void> {
  await vi.waitFor(() => expect(attested(stage)).toEqual(owed), { timeout: 30_000, interval: 50 });
}

function post(to: FunctionProcess, headers: { readonly [name: string]: string }): Promise<Response> {
  const type = "application/vnd.docker.distribution.events.v2+json";
  const body = JSON.stringify({ events: [distributionEvent()] });
  return fetch(`${to.url}/distribution`, {
    method: "POST",
    headers: { "content-type": type, ...headers },
    body,
  });
}

describeWith(
  ["docker-registry", "skopeo"],
  "a registry that calls onWebhook, as docs/webhooks.md configures it",
  () => {
    let stage: Stage;
    let onWebhook: FunctionProcess;
    /** How many attempts to store an attestation Grafeas refuses from now on. */
    let refusals = 0;

    beforeAll(async () => {
      const port = await freePort();
      stage = await openStage({
        notify: await documentedEndpoint(port),
        before: ({ method }) => {
          if (method !== "POST" || refusals === 0) return undefined;
          refusals -= 1;
          return json(503, { error: { code: 503, status: "UNAVAILABLE", message: "not now" } });
        },
      });
      const config = await stage.configure({ more: WEBHOOK });
      onWebhook = await stage.startFunction(config, {}, { target: "onWebhook", port });
    });

    beforeEach(() => stage.withdrawAll());

    afterAll(async () => {
      await stage?.close();
    });

    it("has every platform of what is pushed attested", async () => {
      await skopeoPush(SAMPLE, `${stage.registry.host}/team/app:v1`);

      await becomesAttested(stage, OWED);
      expect(onWebhook.deliveries.map(({ status }) => status)).not.toContain(503);
    });

    it("sends again what was answered 503, until it is attested", async () => {
      refusals = 1_000;
      await skopeoPush(SINGLE, `${stage.registry.host}/team/single:v1`);
      const ofSingle = () => onWebhook.deliveries.filter(({ image }) => image?.endsWith(SINGLE.root.digest));
      await vi.waitFor(() => expect(ofSingle().map(({ status }) => status)).toContain(503), {
        timeout: 20_000,
        interval: 50,
      });

      refusals = 0;

      await becomesAttested(stage, SINGLE_OWED);
      await vi.waitFor(() => expect(ofSingle().at(-1)?.status).toBe(204), 5_000);
      expect([...new Set(ofSingle().map(({ outcome }) => outcome))]).toEqual(["retry", "attested"]);
    });

    it("finds no function where no source has a secret: it does not start", async () => {
      const config = await stage.configure({ more: "[webhook.distribution]\n" });

      await expect(stage.startFunction(config, {}, { target: "onWebhook" })).rejects.toThrow(
        /"severity":"ERROR".*no webhook can be served, since none has a secret/,
      );
    });

    it("is believed by its secret alone", async () => {
      for (const headers of [{}, { authorization: "Bearer another" }, { authorization: "" }]) {
        const response = await post(onWebhook, headers);

        expect([response.status, response.headers.get("www-authenticate")]).toEqual([
          401,
          'Bearer realm="voucher"',
        ]);
        expect(await response.text()).toMatch(/^the header Authorization does not hold the secret/);
      }
      expect((await fetch(`${onWebhook.url}/harbor`, { method: "POST", body: "{}" })).status).toBe(404);
      expect(onWebhook.process.lines.join("\n")).not.toContain(SECRET);
    });

    it("has no host contacted that valid_repos does not name", async () => {
      const response = await post(onWebhook, { authorization: `Bearer ${SECRET}` });

      expect(response.status).toBe(204);
      expect(onWebhook.deliveries.at(-1)).toMatchObject({
        outcome: "ignored",
        image: expect.stringMatching(/^registry\.example\.com\/team\/app@/),
        reason: expect.stringContaining("valid_repos"),
      });
    });
  },
);

describeWith(
  ["docker-registry", "skopeo", "pubsub-emulator"],
  "a registry whose pushes onWebhook publishes for onPush",
  () => {
    let emulator: PubSubEmulator;
    let stage: Stage;
    let onWebhook: FunctionProcess;
    let onPush: FunctionProcess;

    beforeAll(async () => {
      const port = await freePort();
      emulator = await startPubSubEmulator();
      for (const topic of ["pushes", "dead"]) await emulator.createTopic(topic);
      await emulator.createPullSubscription("given-up", "dead");
      stage = await openStage({ notify: await documentedEndpoint(port) });
      const topics = `push_topic = "${emulator.topicName("pushes")}"\ndead_letter_topic = "${emulator.topicName("dead")}"`;
      const config = await stage.configure({ more: `${WEBHOOK}[events]\n${topics}` });
      const env = { PUBSUB_EMULATOR_HOST: emulator.host, METADATA_SERVER_DETECTION: "none" };
      onWebhook = await stage.startFunction(config, env, { target: "onWebhook", port });
      onPush = await stage.startFunction(config, env);
      await emulator.createPushSubscription("reviews", { topic: "pushes", endpoint: onPush.url });
      await skopeoPush(SAMPLE, `${stage.registry.host}/team/app:v1`);
    });

    afterAll(async () => {
      await stage?.close();
      await emulator?.close();
    });

    it("has every platform of what is pushed attested", async () => {
      await becomesAttested(stage, OWED);
    });

    it("has each manifest published once, and none of them reviewed in the request", async () => {
      await becomesAttested(stage, OWED);
      const outcomes = onWebhook.deliveries.map(({ outcome, image }) => ({ outcome, image }));
      const published = outcomes.filter(({ outcome }) => outcome === "published").map(({ image }) => image);

      expect([...new Set(outcomes.map(({ outcome }) => outcome))]).toEqual(["published"]);
      expect(published.map((image) => image?.split("@")[1]).sort()).toEqual(
        SAMPLE.manifests.map(({ digest }) => digest).sort(),
      );
      expect(onPush.deliveries.map(({ image }) => image)).toEqual(expect.arrayContaining(published));
    });

    it("has what cannot be read copied to the dead-letter topic, and is done with it", async () => {
      const response = await fetch(`${onWebhook.url}/distribution`, {
        method: "POST",
        headers: {
          "content-type": "application/vnd.docker.distribution.events.v9+json",
          authorization: `Bearer ${SECRET}`,
        },
        body: '{"events":[]}',
      });

      expect(response.status).toBe(204);
      await vi.waitFor(
        async () =>
          expect(await emulator.pull("given-up")).toMatchObject([
            { data: '{"events":[]}', attributes: { "voucher-reason": "malformed" } },
          ]),
        { timeout: 5_000, interval: 100 },
      );
    });
  },
);
