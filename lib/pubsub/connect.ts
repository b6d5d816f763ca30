import type { PubSub } from "@google-cloud/pubsub";

type Library = typeof import("@google-cloud/pubsub");

/** Google's client for Pub/Sub and what comes with it. It takes a quarter of a second to load, so only who needs it does. */
export async function connect(
  emulator: string | undefined,
): Promise<{ readonly library: Library; readonly client: PubSub }> {
  // By its default export: a bundle knows no other of a CommonJS module that is imported lazily.
  const library = (await import("@google-cloud/pubsub")).default;
  const options =
    emulator === undefined ? {} : { apiEndpoint: emulator, projectId: "local", emulatorMode: true };
  return { library, client: new library.PubSub(options) };
}
