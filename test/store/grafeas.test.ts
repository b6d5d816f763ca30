import { describe, expect, it } from "vitest";
import type { StoredAttestation } from "../../lib/attest/attestation.ts";
import { speaksOf } from "../../lib/attest/payload.ts";
import type { AttestationStore } from "../../lib/ports.ts";
import { refusal } from "../google/scripted.ts";
import {
  all,
  attestationOf,
  attestations,
  CHECKS,
  FAULTS,
  image,
  PROJECT,
  put,
  startStack,
  statuses,
  unhurried,
} from "./stack.ts";

const whose = ({ signatures }: StoredAttestation) => signatures.map(({ keyId }) => keyId);

async function only(store: AttestationStore, number = 0): Promise<StoredAttestation> {
  const [found, ...more] = await store.list([image(number)], ["nobody"], unhurried());
  if (found === undefined || more.length > 0) throw new Error("expected exactly one attestation");
  return found;
}

describe("the document to sign", () => {
  it("is Binary Authorization's payload for the image, whatever the check", async () => {
    const { store } = await startStack();
    const claim = { subject: image(0), platforms: [] };
    const payload = store.format.payloadOf({ ...claim, checkName: "nobody" });
    expect(speaksOf(payload, image(0))).toBe(true);
    expect(store.format.payloadOf({ ...claim, checkName: "diy" })).toEqual(payload);
  });
});

describe("storing attestations", () => {
  it("stores many with one request, and lists them as they were", async () => {
    const { store, count } = await startStack();
    const signed = attestations(12);
    expect(statuses(await put(store, signed))).toEqual(all("stored", 24));
    expect([count("batch"), count("create"), count("list")]).toEqual([1, 0, 0]);
    const found = await store.list(
      signed.map(({ subject }) => subject),
      CHECKS,
      unhurried(),
    );
    expect(found).toHaveLength(24);
    for (const { checkName, subject, payload, signature } of signed) {
      const stored = found.find(
        (one) => one.checkName === checkName && one.subject.digest === subject.digest,
      );
      expect(stored?.subject).toEqual(subject);
      expect(Buffer.compare(stored?.payload ?? Buffer.of(), payload)).toBe(0);
      expect(stored?.signatures.map(({ bytes, keyId }) => [Buffer.from(bytes), keyId])).toEqual([
        [signature.bytes, signature.keyId],
      ]);
      expect(stored?.createdAt).toBeInstanceOf(Date);
    }
  });

  it("stores a single one with a single request", async () => {
    const { store, count } = await startStack();
    expect(statuses(await put(store, [attestationOf(image(0))]))).toEqual(["stored"]);
    expect([count("batch"), count("create"), count("list")]).toEqual([0, 1, 0]);
  });

  it("asks for nothing where there is nothing to store", async () => {
    const { store, requests } = await startStack();
    expect(await put(store, [])).toEqual([]);
    expect(requests).toHaveLength(0);
  });

  it("needs several requests only for very many", async () => {
    const { store, count } = await startStack();
    expect(statuses(await put(store, attestations(300)))).toEqual(all("stored", 600));
    expect(count("batch")).toBe(2);
  });

  it("answers a conflict of a single one without looking further", async () => {
    const { store, count } = await startStack();
    await put(store, [attestationOf(image(0), "nobody", "others")]);
    expect(statuses(await put(store, [attestationOf(image(0))]))).toEqual(["conflict"]);
    expect(count("list")).toBe(0);
    expect(whose(await only(store))).toEqual(["key of others"]);
  });
});

describe("the images that are attested for a check", () => {
  it("are all of them, each once, and since when", async () => {
    const { store } = await startStack();
    await put(store, [...attestations(3), attestationOf(image(3), "diy")]);
    const found = (await store.attested?.("nobody", unhurried())) ?? [];
    expect(found.map((one) => one.image)).toEqual([image(0), image(1), image(2)]);
    expect(found.every(({ since }) => since instanceof Date)).toBe(true);
  });
});

describe("listing attestations", () => {
  it("asks for nine digests in two lists", async () => {
    const { store, count } = await startStack();
    await store.list(
      Array.from({ length: 9 }, (_, at) => image(at)),
      CHECKS,
      unhurried(),
    );
    expect(count("list")).toBe(2);
  });

  it("asks for nothing where no digest or no check is named", async () => {
    const { store, requests } = await startStack();
    expect(await store.list([], CHECKS, unhurried())).toEqual([]);
    expect(await store.list([image(0)], [], unhurried())).toEqual([]);
    expect(requests).toHaveLength(0);
  });

  it("returns the named checks' on the named digests, and nothing else", async () => {
    const { store } = await startStack();
    await put(store, attestations(2));
    const found = await store.list([image(1)], ["diy"], unhurried());
    expect(found.map(({ checkName, subject }) => [checkName, subject])).toEqual([["diy", image(1)]]);
  });

  it("leaves out those under another project's note of the same id", async () => {
    const notes = [`projects/${PROJECT}/notes/nobody`, "projects/elsewhere/notes/nobody"];
    const { store, grafeas } = await startStack({ notes });
    grafeas.seed(PROJECT, {
      noteName: "projects/elsewhere/notes/nobody",
      resourceUri: `https://gcr.io/project/app@${image(0).digest}`,
      attestation: { serializedPayload: "AA==" },
    });
    expect(await store.list([image(0)], ["nobody"], unhurried())).toEqual([]);
  });

  it("finds those whose resource was written without https://", async () => {
    const { store, grafeas } = await startStack();
    grafeas.seed(PROJECT, {
      noteName: `projects/${PROJECT}/notes/nobody`,
      resourceUri: `gcr.io/project/app@${image(0).digest}`,
      attestation: { serializedPayload: "AA==" },
    });
    expect(await only(store)).toMatchObject({ subject: image(0), payload: Buffer.of(0), signatures: [] });
  });

  it("throws what kept it from looking", async () => {
    const { store } = await startStack({}, [
      { kind: "list", before: refusal(403, "PERMISSION_DENIED", "no") },
    ]);
    await expect(store.list([image(0)], CHECKS, unhurried())).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("a note that is missing", () => {
  it("fails its own attestations with the command that makes it, and no others", async () => {
    const { store } = await startStack({ notes: [`projects/${PROJECT}/notes/diy`] });
    const answers = await put(store, attestations(2));
    expect(statuses(answers)).toEqual(["failed", "stored", "failed", "stored"]);
    expect(answers[0]).toMatchObject({ error: { code: "not-found", retryable: false } });
    expect(answers[0]).toHaveProperty(
      "error.message",
      expect.stringContaining(`projects/${PROJECT}/notes/nobody`),
    );
    expect(answers[0]).toHaveProperty("error.message", expect.stringContaining("voucher notes create"));
  });

  it("does so for a single one too", async () => {
    const { store } = await startStack({ notes: [] });
    const [answer] = await put(store, [attestationOf(image(0))]);
    expect(answer).toHaveProperty("error.message", expect.stringContaining("voucher notes create"));
  });
});

describe("replacing an attestation", () => {
  const ours = attestationOf(image(0), "nobody", "us");
  const theirs = { bytes: Buffer.from("still trusted"), keyId: "key of them" };

  it("puts our signature first and keeps the others that are trusted", async () => {
    const { store, grafeas, count } = await startStack();
    await put(store, [attestationOf(image(0), "nobody", "the old key")]);
    const stored = await only(store);
    const answers = await store.put(
      [{ attestation: ours, replaces: { stored, keep: [theirs] } }],
      unhurried(),
    );
    expect(statuses(answers)).toEqual(["stored"]);
    expect([count("patch"), count("create")]).toEqual([1, 1]);
    expect(grafeas.occurrences()).toHaveLength(1);
    const replaced = await only(store);
    expect(replaced.id).toBe(stored.id);
    expect(whose(replaced)).toEqual(["key of us", "key of them"]);
  });

  it("uses the occurrence's name as it came, location included", async () => {
    const { store } = await startStack({ location: "us-central1" });
    await put(store, [attestationOf(image(0), "nobody", "the old key")]);
    const stored = await only(store);
    expect(stored.id).toContain("/locations/us-central1/");
    await store.put([{ attestation: ours, replaces: { stored, keep: [] } }], unhurried());
    expect(whose(await only(store))).toEqual(["key of us"]);
  });

  it("keeps no signature over other bytes than the new payload: it would not verify", async () => {
    const { store } = await startStack();
    const pretty = Buffer.from(JSON.stringify(JSON.parse(String(Buffer.from(ours.payload))), null, 2));
    await put(store, [{ ...attestationOf(image(0), "nobody", "gcloud"), payload: pretty }]);
    const stored = await only(store);
    await store.put([{ attestation: ours, replaces: { stored, keep: stored.signatures } }], unhurried());
    const replaced = await only(store);
    expect(Buffer.compare(replaced.payload, ours.payload)).toBe(0);
    expect(whose(replaced)).toEqual(["key of us"]);
  });

  it("does not repeat our own signature", async () => {
    const { store } = await startStack();
    await put(store, [ours]);
    const stored = await only(store);
    await store.put([{ attestation: ours, replaces: { stored, keep: stored.signatures } }], unhurried());
    expect(whose(await only(store))).toEqual(["key of us"]);
  });

  it("creates it anew where the old one was withdrawn meanwhile", async () => {
    const { store, client, grafeas } = await startStack();
    await put(store, [attestationOf(image(0), "nobody", "the old key")]);
    const stored = await only(store);
    await client.delete(stored.id, unhurried());
    const answers = await store.put([{ attestation: ours, replaces: { stored, keep: [] } }], unhurried());
    expect(statuses(answers)).toEqual(["stored"]);
    expect(grafeas.occurrences()).toHaveLength(1);
  });

  it.each(FAULTS.filter(([name]) => name !== "another document"))(
    "is repeated after %s",
    async (_, before) => {
      const { store } = await startStack({}, [{ kind: "patch", before, times: 2 }]);
      await put(store, [attestationOf(image(0), "nobody", "the old key")]);
      const stored = await only(store);
      const answers = await store.put([{ attestation: ours, replaces: { stored, keep: [] } }], unhurried());
      expect(statuses(answers)).toEqual(["stored"]);
      expect(whose(await only(store))).toEqual(["key of us"]);
    },
  );

  it("answers for itself alone where it may not", async () => {
    const { store } = await startStack({}, [{ kind: "patch", before: refusal(403, "PERMISSION_DENIED") }]);
    await put(store, [attestationOf(image(0), "nobody", "the old key")]);
    const stored = await only(store);
    const answers = await store.put(
      [
        { attestation: attestationOf(image(1)) },
        { attestation: ours, replaces: { stored, keep: [] } },
        { attestation: attestationOf(image(2)) },
      ],
      unhurried(),
    );
    expect(statuses(answers)).toEqual(["stored", "failed", "stored"]);
    expect(answers[1]).toHaveProperty(
      "error.message",
      expect.stringContaining("containeranalysis.occurrences.update"),
    );
  });
});

describe("preparing notes", () => {
  const prepare = (store: AttestationStore) => store.prepare(CHECKS, unhurried());
  const made = (status: string) =>
    CHECKS.map((checkName) => ({ checkName, name: `projects/${PROJECT}/notes/${checkName}`, status }));

  it("makes those that are missing, once", async () => {
    const { store } = await startStack({ notes: [] });
    expect(await prepare(store)).toEqual(made("created"));
    expect(await prepare(store)).toEqual(made("existed"));
    expect(statuses(await put(store, attestations(1)))).toEqual(all("stored", 2));
  });

  it.each(FAULTS.filter(([name]) => name !== "another document"))("goes on after %s", async (_, before) => {
    const { store } = await startStack({ notes: [] }, [{ kind: "other", before, times: 2 }]);
    expect(await prepare(store)).toEqual(made("created"));
  });

  it("takes a note for made whose answer got lost", async () => {
    const { store } = await startStack({ notes: [] }, [{ kind: "other", after: "drop", times: 1 }]);
    expect((await prepare(store)).map(({ status }) => status).toSorted()).toEqual(["created", "existed"]);
  });
});

describe("withdrawing an attestation", () => {
  it.each(
    FAULTS.filter(([name]) => !["another document", "half an answer", "a broken connection"].includes(name)),
  )("is repeated after %s, and changes nothing more where it was gone already", async (_, before) => {
    const { store, grafeas } = await startStack({}, [{ kind: "other", before, times: 2 }]);
    await put(store, attestations(1));
    const stored = await only(store);
    await store.remove(stored, unhurried());
    await store.remove(stored, unhurried());
    expect(grafeas.occurrences()).toHaveLength(1);
    expect(await store.list([image(0)], ["nobody"], unhurried())).toEqual([]);
  });
});
