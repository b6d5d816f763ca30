import type { protos } from "@google-cloud/pubsub";
import type { Envelope } from "../event/envelope.ts";
import { connect } from "./connect.ts";
import { toVoucherError } from "./failure.ts";

type ReceivedMessage = protos.google.pubsub.v1.IReceivedMessage;

/** A message as a pull answers with it. */
export interface Received {
  /** By which this delivery of it is acknowledged or kept; each delivery has another. */
  readonly ackId: string;
  readonly envelope: Envelope;
}

/** The single calls to one subscription. They throw VoucherErrors that name it. */
export interface Puller {
  /** A batch of messages that nobody holds; none where none came within `milliseconds`. */
  pull(milliseconds: number): Promise<readonly Received[]>;
  acknowledge(ackIds: readonly string[]): Promise<void>;
  /** Keeps messages from others for `seconds` from now on; with 0 they can be delivered again at once. */
  keep(ackIds: readonly string[], seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** A message may have 10 MB. */
const MOST_MESSAGES = 200;
const CALL_MS = 20_000;
/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const DEADLINE_EXCEEDED = 4;

/** Connects to `subscription`, given by its full name; Google's client is loaded now. */
export async function createPuller(subscription: string, emulator: string | undefined): Promise<Puller> {
  const { library, client } = await connect(emulator);
  const { port, ...config } = await client.getClientConfig();
  const subscriber = new library.v1.SubscriberClient({
    ...config,
    ...(port === undefined ? {} : { port: Number(port) }),
  });

  async function naming<T>(complaint: string, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (cause) {
      throw toVoucherError(cause, { name: subscription, complaint, role: "roles/pubsub.subscriber" });
    }
  }

  return {
    async pull(milliseconds) {
      // One call, one answer: whoever pulls knows best when to pull again.
      const options = { timeout: milliseconds, retry: null };
      const asked = subscriber.pull({ subscription, maxMessages: MOST_MESSAGES }, options).then(
        ([answer]) => answer.receivedMessages ?? [],
        (cause: unknown) => {
          if (cause instanceof Error && "code" in cause && cause.code === DEADLINE_EXCEEDED) return [];
          throw cause;
        },
      );
      const received = await naming("does not let us pull from", asked);
      return received.flatMap((one) => toReceived(one, subscription));
    },
    async acknowledge(ackIds) {
      const call = subscriber.acknowledge({ subscription, ackIds: [...ackIds] }, { timeout: CALL_MS });
      await naming("did not accept an acknowledgement on", call);
    },
    async keep(ackIds, ackDeadlineSeconds) {
      const request = { subscription, ackIds: [...ackIds], ackDeadlineSeconds };
      await naming(
        "does not let us hold messages of",
        subscriber.modifyAckDeadline(request, { timeout: CALL_MS }),
      );
    },
    close: () => subscriber.close(),
  };
}

function toReceived(
  { ackId, message, deliveryAttempt }: ReceivedMessage,
  subscription: string,
): readonly Received[] {
  if (!ackId || !message) return [];
  const { messageId, data, attributes, publishTime } = message;
  const published = Number(publishTime?.seconds ?? Number.NaN) * 1000 + (publishTime?.nanos ?? 0) / 1e6;
  const envelope = {
    messageId: messageId ?? "",
    data: typeof data === "string" ? Buffer.from(data, "base64") : (data ?? new Uint8Array()),
    attributes: { ...attributes },
    ...(Number.isNaN(published) ? {} : { publishTime: new Date(published) }),
    subscription,
    ...(deliveryAttempt ? { deliveryAttempt } : {}),
  };
  return [{ ackId, envelope }];
}
