/** Makes on first use what is then kept. What cannot be made is tried again by whoever asks next. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
