/** What is made once and then kept: three ways, by what becomes of a failure and of several. */

/** Keeps what the first call of `make` returned, a promise that fails included; only what throws is tried again. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** As {@link once}, for each key. */
export function onceEach<T>(): (key: string, make: () => T) => T {
  const made = new Map<string, { readonly value: T }>();
  return (key, make) => {
    const known = made.get(key) ?? { value: make() };
    made.set(key, known);
    return known.value;
  };
}

/**
 * Keeps what was loaded, and joins those who ask meanwhile. What could not be loaded, and what `isWhole` says is not all
 * of it, is loaded again for whoever asks next.
 */
export function loadOnce<T>(
  load: () => Promise<T>,
  isWhole: (loaded: T) => boolean = () => true,
): () => Promise<T> {
  let loading: Promise<T> | undefined;
  const forget = () => {
    loading = undefined;
  };
  return () => {
    loading ??= load().then(
      (loaded) => {
        if (!isWhole(loaded)) forget();
        return loaded;
      },
      (fault: unknown) => {
        forget();
        throw fault;
      },
    );
    return loading;
  };
}
