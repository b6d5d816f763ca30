/**
 * Listens to an event of this process, alone: the framework adds a listener of its own as soon as it serves, which would
 * end the process at once, so that one is removed as it is added.
 */
export function listenAlone(
  event: "SIGTERM" | "unhandledRejection",
  listener: (value: unknown) => void,
): void {
  process.on("newListener", (added, other) => {
    if (added !== event || other === listener) return;
    setImmediate(() => process.off(event, other as () => void));
  });
  process.on(event, listener);
}
