/** JSON as it is written: it holds what no value can, such as a key given twice, and text in any place that is no JSON. */
export type Written =
  | { readonly text: string }
  | { readonly brackets: "[]" | "{}"; readonly parts: readonly Part[] };

/** An item of a list, or a member, its key as JSON text. */
export interface Part {
  readonly key?: string;
  readonly value: Written;
}

export function writtenOf(value: unknown): Written {
  if (Array.isArray(value)) {
    return { brackets: "[]", parts: value.map((item) => ({ value: writtenOf(item) })) };
  }
  if (typeof value !== "object" || value === null) return { text: JSON.stringify(value) };
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const parts = members.map(([key, member]) => ({ key: JSON.stringify(key), value: writtenOf(member) }));
  return { brackets: "{}", parts };
}

export function write(written: Written): string {
  if ("text" in written) return written.text;
  const [open, close] = written.brackets;
  const parts = written.parts.map(({ key, value }) =>
    key === undefined ? write(value) : `${key}:${write(value)}`,
  );
  return `${open}${parts.join()}${close}`;
}

/** How many places there are in a document that something can be done to: itself, and every value in it. */
export function places(written: Written): number {
  if ("text" in written) return 1;
  return written.parts.reduce((sum, { value }) => sum + places(value), 1);
}

/** What stands in place number `at`, counted from 0 as one reads; beyond the last, they are counted anew. */
export function placed(written: Written, at: number): Written {
  let found = written;
  changed(written, at, (place) => {
    found = place;
    return place;
  });
  return found;
}

/** The document with something else in place number `at`, counted as {@link placed} does. */
export function changed(written: Written, at: number, change: (place: Written) => Written): Written {
  let left = at % places(written);
  const visit = (place: Written): Written => {
    left -= 1;
    if (left === -1) return change(place);
    if (left < -1 || "text" in place) return place;
    return { ...place, parts: place.parts.map((part) => ({ ...part, value: visit(part.value) })) };
  };
  return visit(written);
}
