import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { freePort, startProcess } from "./processes.ts";

export interface PullSubscription {
  readonly topic: string;
  /** Where a message goes after five deliveries that nobody acknowledged, the fewest that Pub/Sub allows. */
  readonly deadLetterTopic?: string;
}

export interface PushSubscription extends PullSubscription {
  readonly endpoint: string;
}

export interface PulledMessage {
  readonly data: string;
  readonly attributes: { readonly [name: string]: string };
}

/** A project on Google's Pub/Sub emulator, asked over REST. Topics and subscriptions have short names here. */
export interface PubSubProject {
  /** For clients: `127.0.0.1:PORT`. */
  readonly host: string;
  /** The full name of a topic. */
  topicName(topic: string): string;
  /** The full name of a subscription. */
  subscriptionName(subscription: string): string;
  createTopic(name: string): Promise<void>;
  /** A push subscription with the shortest back-off; the emulator then delivers again after about 1, 3, 3, … seconds. */
  createPushSubscription(name: string, subscription: PushSubscription): Promise<void>;
  createPullSubscription(name: string, subscription: string | PullSubscription): Promise<void>;
  /** Returns the id of the published message. */
  publish(topic: string, data: string, attributes?: PulledMessage["attributes"]): Promise<string>;
  /** Takes and acknowledges what is there. */
  pull(subscription: string): Promise<readonly PulledMessage[]>;
}

/** The emulator, and one project on it. */
export interface PubSubEmulator extends PubSubProject {
  /** Another project, for whoever needs names of its own. */
  inProject(project: string): PubSubProject;
  close(): Promise<void>;
}

const PROJECT = "voucher-test";
const MOST_ATTEMPTS = 5;

const PublishAnswer = z.object({ messageIds: z.tuple([z.string()]) });
const PullAnswer = z.object({
  receivedMessages: z.optional(
    z.array(
      z.object({
        ackId: z.string(),
        message: z.object({ data: z.string(), attributes: z.optional(z.record(z.string(), z.string())) }),
      }),
    ),
  ),
});

/** Starts the emulator on a free port. It is a Java program under a Python one: closing it ends their whole group. */
export async function startPubSubEmulator(project = PROJECT): Promise<PubSubEmulator> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-pubsub-"));
  const port = await freePort();
  const args = ["beta", "emulators", "pubsub", "start"];
  const emulator = await startProcess(
    "gcloud",
    [...args, `--host-port=127.0.0.1:${port}`, `--project=${project}`, `--data-dir=${folder}`],
    {
      ready: /Server started/,
      env: { HOME: folder, CLOUDSDK_CONFIG: folder, CLOUDSDK_CORE_DISABLE_PROMPTS: "1" },
    },
  );
  const inProject = (name: string) => projectOn(`127.0.0.1:${port}`, name);
  return {
    ...inProject(project),
    inProject,
    async close() {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function projectOn(host: string, project: string): PubSubProject {
  const call = async (method: "PUT" | "POST", path: string, body: object = {}): Promise<unknown> => {
    const response = await fetch(`http://${host}/v1/projects/${project}/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const topicName = (topic: string) => `projects/${project}/topics/${topic}`;
  const subscribe = (name: string, topic: string, more: object = {}) =>
    call("PUT", `subscriptions/${name}`, { topic: topicName(topic), ackDeadlineSeconds: 10, ...more });
  const deadLetters = (topic: string | undefined) =>
    topic === undefined
      ? {}
      : { deadLetterPolicy: { deadLetterTopic: topicName(topic), maxDeliveryAttempts: MOST_ATTEMPTS } };
  return {
    host,
    topicName,
    subscriptionName: (subscription) => `projects/${project}/subscriptions/${subscription}`,
    async createTopic(name) {
      await call("PUT", `topics/${name}`);
    },
    async createPushSubscription(name, { topic, endpoint, deadLetterTopic }) {
      await subscribe(name, topic, {
        pushConfig: { pushEndpoint: endpoint },
        retryPolicy: { minimumBackoff: "0s", maximumBackoff: "1s" },
        ...deadLetters(deadLetterTopic),
      });
    },
    async createPullSubscription(name, subscription) {
      const { topic, deadLetterTopic }: PullSubscription =
        typeof subscription === "string" ? { topic: subscription } : subscription;
      await subscribe(name, topic, deadLetters(deadLetterTopic));
    },
    async publish(topic, data, attributes = {}) {
      const messages = [{ data: Buffer.from(data).toString("base64"), attributes }];
      const answer = PublishAnswer.parse(await call("POST", `topics/${topic}:publish`, { messages }));
      return answer.messageIds[0];
    },
    async pull(name) {
      const wanted = { maxMessages: 100, returnImmediately: true };
      const { receivedMessages = [] } = PullAnswer.parse(
        await call("POST", `subscriptions/${name}:pull`, wanted),
      );
      const ackIds = receivedMessages.map(({ ackId }) => ackId);
      if (ackIds.length > 0) await call("POST", `subscriptions/${name}:acknowledge`, { ackIds });
      return receivedMessages.map(({ message }) => ({
        data: Buffer.from(message.data, "base64").toString("utf8"),
        attributes: message.attributes ?? {},
      }));
    },
  };
}
