import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGrafeasClient } from "../../lib/grafeas/client.ts";
import { startGrafeas } from "../../lib/local/grafeas.ts";
import type { Answer, Before, LocalRequest } from "../../lib/local/server.ts";
import { createGrafeasStore } from "../../lib/store/grafeas.ts";
import { refusal, restTo } from "../google/scripted.ts";
import { attestations, CHECKS, PROJECT, put, statuses, unhurried } from "./stack.ts";

/** Twelve images, two checks. */
const OWED = attestations(12);
const placeOf = (noteName: string, resourceUri: string) => `${noteName.split("/").at(-1)} ${resourceUri}`;
const PLACES = OWED.map(
  ({ checkName, subject: { registry, repository, digest } }) =>
    `${checkName} https://${registry}/${repository}@${digest}`,
);

/** What happens to a single one that fails. */
const SINGLE: { readonly [fault: string]: Answer | "drop" } = {
  denied: refusal(403, "PERMISSION_DENIED"),
  unavailable: refusal(503, "UNAVAILABLE"),
  "out of quota": refusal(429, "RESOURCE_EXHAUSTED"),
  reset: "drop",
};
/** What happens to a batch in which one fails: nothing of it is done, or all but that, and the answer may get lost. */
const BATCH = ["nothing done", "rest done", "rest done, answer lost"] as const;

interface Weather {
  readonly failing: readonly number[];
  readonly single: string;
  readonly batch: (typeof BATCH)[number];
}

const weather: fc.Arbitrary<Weather> = fc.record({
  failing: fc.uniqueArray(fc.nat(OWED.length - 1), { minLength: 1 }),
  single: fc.constantFrom(...Object.keys(SINGLE)),
  batch: fc.constantFrom(...BATCH),
});

/** A Grafeas on which exactly the places of `failing` cannot be written, while it storms. */
async function storm({ failing, single, batch }: Weather) {
  const doomed = new Set(failing.map((at) => PLACES[at]));
  let storming = true;
  let written = 0;
  const inside = "x-from-the-storm";
  const before: Before = async ({ method, path, body, headers }: LocalRequest) => {
    if (method !== "POST" || headers[inside] !== undefined) return undefined;
    const sent = JSON.parse(String(body));
    const all: { noteName: string; resourceUri: string }[] = sent.occurrences ?? [sent];
    const good = all.filter(({ noteName, resourceUri }) => !doomed.has(placeOf(noteName, resourceUri)));
    written += all.length;
    if (!storming || good.length === all.length) return undefined;
    if (!path.endsWith(":batchCreate")) return SINGLE[single];
    if (batch === "nothing done") return refusal(503, "UNAVAILABLE");
    for (const one of good)
      await fetch(`${grafeas.url}/v1/projects/${PROJECT}/occurrences`, {
        method: "POST",
        headers: { [inside]: "1" },
        body: JSON.stringify(one),
      });
    const left = all.length - good.length;
    return batch === "rest done"
      ? refusal(400, "INVALID_ARGUMENT", `${left} of ${all.length} occurrences failed`)
      : "drop";
  };
  const notes = CHECKS.map((check) => `projects/${PROJECT}/notes/${check}`);
  const grafeas = await startGrafeas({ notes, before });
  const client = createGrafeasClient({ rest: restTo({ base: grafeas.url, local: true }) });
  return {
    grafeas,
    store: createGrafeasStore({ project: PROJECT, client, backOff: 1 }),
    clear() {
      storming = false;
      written = 0;
    },
    written: () => written,
  };
}

describe("of 24 attestations, any part of which fails in any way", () => {
  it("the rest is stored, each failure is told, and only what failed is written the next time", async () => {
    await fc.assert(
      fc.asyncProperty(weather, async (conditions) => {
        const { grafeas, store, clear, written } = await storm(conditions);
        try {
          const answers = await put(store, OWED);
          const fails = (at: number) => conditions.failing.includes(at);
          expect(statuses(answers)).toEqual(OWED.map((_, at) => (fails(at) ? "failed" : "stored")));
          const stands = () =>
            grafeas.occurrences().map(({ noteName, resourceUri }) => placeOf(noteName, resourceUri));
          expect(stands().toSorted()).toEqual(PLACES.filter((_, at) => !fails(at)).toSorted());
          const before = grafeas.occurrences();

          clear();
          const subjects = OWED.map(({ subject }) => subject);
          const found = await store.list(subjects, CHECKS, unhurried());
          const owed = OWED.filter(
            ({ checkName, subject }) =>
              !found.some((one) => one.checkName === checkName && one.subject.digest === subject.digest),
          );
          expect(statuses(await put(store, owed))).toEqual(conditions.failing.map(() => "stored"));

          expect(written()).toBe(conditions.failing.length);
          expect(stands().toSorted()).toEqual(PLACES.toSorted());
          expect(grafeas.occurrences().slice(0, before.length)).toEqual(before);
        } finally {
          await grafeas.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
