import { parseArgs } from "node:util";
import { corpusEntry } from "./corpus.ts";
import { PARSERS } from "./parsers.ts";
import { type Found, fuzz } from "./watch.ts";

/**
 * `npm run fuzz -- [--runs N] [--seed S] [--parser PART]…`: feeds each parser, or those whose names hold a PART, with N inputs,
 * and says what it did with them. What fails is printed as a file of the corpus, and ends it with 1.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    parser: { type: "string", multiple: true, default: [""] },
  },
});
const runs = wholeNumber("runs", values.runs);
const seed = wholeNumber("seed", values.seed);
const names = PARSERS.map(({ name }) => name).filter((name) =>
  values.parser.some((part) => name.includes(part)),
);

const started = performance.now();
const found = await fuzz({ runs, seed, names }, (one) => console.log(tell(one)));
const inputs = found.reduce((sum, one) => sum + one.inputs, 0);
const faults = found.flatMap(({ name, fault }) => (fault === undefined ? [] : [{ parser: name, ...fault }]));
console.log(
  `seed ${seed}: ${inputs} inputs for ${found.length} parsers in ${Math.round((performance.now() - started) / 1000)} s, ${faults.length} faults`,
);
for (const { parser, says, bytes } of faults) {
  console.error(`\n${parser}: ${says}\n${corpusEntry({ parser, once: says.split("\n")[0] ?? "", bytes })}`);
  process.exitCode = 1;
}

function tell({ name, inputs, read, refused, fault }: Found): string {
  const refusals = Object.entries(refused).map(([code, count]) => `${count} ${code}`);
  const failed = fault === undefined ? "" : "  FAILED";
  return `${name.padEnd(34)} ${inputs} inputs: ${[`${read} read`, ...refusals].join(", ")}${failed}`;
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${option} takes a whole number, not ${JSON.stringify(text)}`);
}
