import fc from "fast-check";
import type { Samples } from "./parser.ts";
import { spoiltBytes, spoiltText } from "./spoil-bytes.ts";
import { spoiltJson } from "./spoil-json.ts";

/** Larger than any generator makes one; what grows beyond is cut. */
export const LARGEST_INPUT = 4 * 1024 * 1024;

const noise = fc
  .array(fc.constantFrom(...'{ } [ ] , : " \\ 1 - e null \n'.split(" "), '"a"', "\0", " "))
  .map((tokens) => tokens.join(""));

/** Bytes: a good document, one that was spoilt in a few places, or any at all. */
export function inputsLike({ json = [], text = [], words = [] }: Samples): fc.Arbitrary<Uint8Array> {
  const documents = json.length === 0 ? [] : [spoiltBytes(spoiltJson(json, words))];
  const texts = text.length === 0 ? [] : [spoiltText(text, words)];
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    spoiltBytes(fc.oneof(fc.json(), noise, fc.string({ unit: "binary", maxLength: 300 }))),
  );
  return fc
    .oneof(...[...documents, ...texts].map((arbitrary) => ({ weight: 8, arbitrary })), {
      weight: 1,
      arbitrary: anything,
    })
    .map((bytes) => bytes.subarray(0, LARGEST_INPUT));
}
