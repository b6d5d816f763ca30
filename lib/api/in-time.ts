/**
 * Returns what `work` returns, or throws the reason of `signal` as soon as it aborts. The work is told by the same signal;
 * what becomes of it afterwards is still listened to, so that no fault of it ends the process.
 */
export async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
