import { type GrafeasOptions, type LocalGrafeas, startGrafeas } from "./grafeas.ts";
import { type LocalRegistry, type RegistryOptions, startRegistry } from "./registry.ts";
import { PushTopic, type TopicOptions } from "./topic.ts";

export interface StackOptions {
  /** The project whose notes the checks attest under. */
  readonly project: string;
  /** The checks that have a note, each of its own name. */
  readonly checks: readonly string[];
  readonly registry?: Omit<RegistryOptions, "announce">;
  readonly grafeas?: Omit<GrafeasOptions, "notes">;
  readonly topic?: TopicOptions;
}

/** The services around Voucher, in this process: what is pushed to the registry is published on the topic. */
export interface Stack {
  readonly registry: LocalRegistry;
  readonly grafeas: LocalGrafeas;
  readonly topic: PushTopic;
  /** From now on pushes are delivered to `endpoint`. */
  deliverTo(endpoint: string): void;
  close(): Promise<void>;
}

/** Starts registry, Grafeas and push topic. Throws `usage`, and leaves nothing running, where a port is taken. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const topic = new PushTopic(options.topic);
  const notes = options.checks.map((check) => `projects/${options.project}/notes/${check}`);
  const announce = (event: object) => {
    topic.publish(JSON.stringify(event));
  };
  const registry = await startRegistry({ ...options.registry, announce });
  try {
    const grafeas = await startGrafeas({ ...options.grafeas, notes });
    return {
      registry,
      grafeas,
      topic,
      deliverTo: (endpoint) => topic.deliverTo(endpoint),
      // The topic first, so that nothing is delivered to a stack that is half gone.
      close: async () => {
        await topic.close();
        await Promise.all([registry.close(), grafeas.close()]);
      },
    };
  } catch (thrown) {
    await registry.close();
    throw thrown;
  }
}
