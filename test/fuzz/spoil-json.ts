import fc from "fast-check";
import { fragments, keys } from "./hostile.ts";
import { changed, type Part, placed, places, type Written, write, writtenOf } from "./written.ts";

/** What is done to one place of a document. */
type Change = (place: Written, whole: Written) => Written;

/** In characters. */
const MOST_REPEATED = 100_000;

/** Something is done to one part of a list or table; where there is none, to nothing. */
function toPart(at: number, change: (part: Part) => readonly Part[]): Change {
  return (place) => {
    if ("text" in place || place.parts.length === 0) return place;
    const chosen = at % place.parts.length;
    return { ...place, parts: place.parts.flatMap((part, nth) => (nth === chosen ? change(part) : [part])) };
  };
}

/** As often as that makes no document of more than a few MiB, whatever is repeated besides. */
function repeatedly(part: Part, times: number): readonly Part[] {
  const size = write(part.value).length;
  return Array<Part>(Math.max(2, Math.min(times, Math.floor(MOST_REPEATED / size)))).fill(part);
}

function added(part: Part): Change {
  return (place) => ("text" in place ? place : { ...place, parts: [...place.parts, part] });
}

function inOtherCase(key: string): string {
  const upper = key.toUpperCase();
  return upper === key ? key.toLowerCase() : upper;
}

/** Something is put into a text, or cut from it. */
function textChanged(at: number, put: string, cut: number): Change {
  return (place) => {
    if (!("text" in place) || !place.text.startsWith('"')) return place;
    const inner = place.text.slice(1, -1);
    const from = at % (inner.length + 1);
    return { text: `"${inner.slice(0, from)}${put}${inner.slice(from + cut)}"` };
  };
}

function changes(words: readonly string[]): fc.Arbitrary<Change> {
  const fragment = fragments(words);
  const at = fc.nat(200);
  const put = fragment.map(
    (text): Change =>
      () => ({ text }),
  );
  const graft = at.map(
    (from): Change =>
      (_, whole) =>
        placed(whole, from),
  );
  const wrapped = fc
    .tuple(fc.constantFrom(["[", "]"], ['{"a":', "}"]), fc.constantFrom(1, 1, 1, 2, 16, 17, 300))
    .map(
      ([[open = "", close = ""], times]): Change =>
        (place) => ({
          text: `${open.repeat(times)}${write(place)}${close.repeat(times)}`,
        }),
    );
  const dropped = at.map((nth) => toPart(nth, () => []));
  const repeated = fc
    .tuple(at, fc.constantFrom(2, 2, 2, 2, 101, 129, 2_000))
    .map(([nth, times]) => toPart(nth, (part) => repeatedly(part, times)));
  const again = fc
    .tuple(at, fragment)
    .map(([nth, text]) => toPart(nth, (part) => [part, { ...part, value: { text } }]));
  const renamed = fc.tuple(at, keys).map(([nth, key]) => toPart(nth, ({ value }) => [{ key, value }]));
  const respelt = fc.tuple(at, fc.boolean()).map(([nth, both]) =>
    toPart(nth, (part) => {
      const other = { ...part, ...(part.key === undefined ? {} : { key: inOtherCase(part.key) }) };
      return both ? [part, other] : [other];
    }),
  );
  const more = fc.tuple(keys, fragment).map(([key, text]) => added({ key, value: { text } }));
  const pieces = fc.constantFrom(
    "",
    "/",
    ":",
    "@",
    ".",
    " ",
    "\\u0000",
    "\\ud800",
    "\\n",
    "%",
    "é",
    "0",
    "A",
  );
  const edited = fc
    .tuple(fc.nat(), pieces, fc.nat(3))
    .map(([from, text, cut]) => textChanged(from, text, cut));
  return fc.oneof(
    { weight: 6, arbitrary: put },
    { weight: 6, arbitrary: edited },
    { weight: 3, arbitrary: dropped },
    { weight: 2, arbitrary: fc.oneof(graft, wrapped, repeated, again, renamed, respelt, more) },
  );
}

/** JSON text that is like one of `samples`, but for a few places. */
export function spoiltJson(samples: readonly unknown[], words: readonly string[]): fc.Arbitrary<string> {
  const documents = fc.constantFrom(...samples.map(writtenOf));
  const spoils = fc.array(fc.tuple(fc.nat(10_000), changes(words)), { maxLength: 3 });
  return fc.tuple(documents, spoils).map(([document, spoilt]) => {
    const whole = spoilt.reduce(
      (sofar, [at, change]) => changed(sofar, at % places(sofar), (place) => change(place, document)),
      document,
    );
    return write(whole);
  });
}
