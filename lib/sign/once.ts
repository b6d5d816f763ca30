/** Loads on first use what is then kept. What could not be loaded is tried again by whoever asks next. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((fault) => {
      loading = undefined;
      throw fault;
    });
    return loading;
  };
}
