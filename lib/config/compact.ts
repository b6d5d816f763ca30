type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is undefined, so that an option that is not set is not there. */
export function compact<T extends object>(object: T): Compact<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Compact<T>;
}

/** The object with each value replaced; names stay. An absent object is an empty one. */
export function mapValues<From, To>(
  object: { readonly [name: string]: From } | null | undefined,
  to: (value: From) => To,
): { readonly [name: string]: To } {
  return Object.fromEntries(Object.entries(object ?? {}).map(([name, value]) => [name, to(value)]));
}
