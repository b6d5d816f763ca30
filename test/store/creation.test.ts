import { describe, expect, it } from "vitest";
import { refusal } from "../google/scripted.ts";
import { all, attestationOf, attestations, FAULTS, image, put, startStack, statuses } from "./stack.ts";

describe.each(["partial", "refused"] as const)(
  "a batch with conflicts, where the server's way is: %s",
  (batchConflict) => {
    it("creates all the others, one of each, and names the conflicts", async () => {
      const { store, grafeas } = await startStack({ batchConflict });
      await put(store, [attestationOf(image(1), "diy", "others")]);
      const answers = await put(store, attestations(3));
      expect(statuses(answers)).toEqual(["stored", "stored", "stored", "conflict", "stored", "stored"]);
      expect(grafeas.occurrences()).toHaveLength(6);
    });

    it("is a success where what stands is the very same", async () => {
      const { store, count } = await startStack({ batchConflict });
      await put(store, attestations(3));
      expect(statuses(await put(store, attestations(3)))).toEqual(all("stored", 6));
      expect(count("create")).toBe(0);
    });

    it("leaves one of each when two instances store at once", async () => {
      const { store, grafeas } = await startStack({ batchConflict });
      const [ours, theirs] = await Promise.all([
        put(store, attestations(4)),
        put(store, attestations(4, "them")),
      ]);
      expect(grafeas.occurrences()).toHaveLength(8);
      for (const [at, { status }] of (ours ?? []).entries()) {
        expect([status, theirs?.[at]?.status].sort()).toEqual(["conflict", "stored"]);
      }
    });

    it("answers conflict, and makes no second one, where lists do not show the existing ones yet", async () => {
      const { store, grafeas } = await startStack({ batchConflict, lagMs: 60_000 });
      await put(store, attestations(2, "others"));
      expect(statuses(await put(store, attestations(2)))).toEqual(all("conflict", 4));
      expect(grafeas.occurrences()).toHaveLength(4);
    });
  },
);

describe.each(FAULTS)("when Grafeas fails with %s", (_, fault) => {
  it("stores a batch that was not done", async () => {
    const { store, grafeas } = await startStack({}, [{ kind: "batch", before: fault }]);
    expect(statuses(await put(store, attestations(3)))).toEqual(all("stored", 6));
    expect(grafeas.occurrences()).toHaveLength(6);
  });

  it("recognises a batch that was done, and creates nothing twice", async () => {
    const { store, grafeas, count } = await startStack({}, [{ kind: "batch", after: fault }]);
    expect(statuses(await put(store, attestations(3)))).toEqual(all("stored", 6));
    expect(grafeas.occurrences()).toHaveLength(6);
    expect(count("create")).toBe(0);
  });

  it("stores a single one that was not done", async () => {
    const { store, grafeas } = await startStack({}, [{ kind: "create", before: fault, times: 2 }]);
    expect(statuses(await put(store, [attestationOf(image(0))]))).toEqual(["stored"]);
    expect(grafeas.occurrences()).toHaveLength(1);
  });

  it("recognises a single one that was done", async () => {
    const { store, grafeas } = await startStack({}, [{ kind: "create", after: fault }]);
    expect(statuses(await put(store, [attestationOf(image(0))]))).toEqual(["stored"]);
    expect(grafeas.occurrences()).toHaveLength(1);
  });
});

describe("when an answer is lost and lists lag behind", () => {
  it("makes no second attestation", async () => {
    const { store, grafeas } = await startStack({ lagMs: 60_000 }, [{ kind: "batch", after: "drop" }]);
    expect(statuses(await put(store, attestations(2)))).toEqual(all("conflict", 4));
    expect(grafeas.occurrences()).toHaveLength(4);
  });
});

describe("when Grafeas stays away", () => {
  it("answers for each one that it failed, and that the same call may succeed later", async () => {
    const down = { before: refusal(503, "UNAVAILABLE", "down for now"), times: 1000 };
    const { store, requests, count } = await startStack({}, [
      { kind: "batch", ...down },
      { kind: "create", ...down },
      { kind: "list", ...down },
    ]);
    const answers = await put(store, attestations(12));
    expect(answers).toHaveLength(24);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: "failed", error: { code: "unavailable", retryable: true } });
    }
    // Four tries of the batch, four of each of three lists, and none of 24 creates.
    expect(requests.length).toBeLessThanOrEqual(16);
    expect(count("create")).toBe(0);
  });

  it("ends at once at the deadline", async () => {
    const { store } = await startStack({}, [
      { kind: "batch", before: { ...refusal(429), headers: { "retry-after": "30" } } },
    ]);
    const puts = attestations(2).map((attestation) => ({ attestation }));
    const answers = await store.put(puts, AbortSignal.timeout(200));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: "failed", error: { code: "timeout", retryable: true } });
    }
  });
});
