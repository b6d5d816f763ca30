import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { attestationBodyV1Beta1 } from "../../lib/grafeas/attestation-v1beta1.ts";
import { createOpenSourceClient } from "../../lib/grafeas/open-source-client.ts";
import { openSourceEndpoint } from "../../lib/grafeas/open-source-endpoint.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, canonical, formatReference, parseCanonical } from "../../lib/image/reference.ts";
import { findExisting } from "../../lib/review/existing.ts";
import { createKeyRing } from "../../lib/sign/key-ring.ts";
import { parsePgpPublicKey } from "../../lib/sign/pgp-public-key.ts";
import { createGrafeasStore } from "../../lib/store/grafeas.ts";
import { restTo } from "../google/scripted.ts";
import { platformImage } from "../support/fake-images.ts";
import type { OpenSourceServer } from "./open-source-server.ts";

const PROJECT = "prod";
const amd64 = platformImage("linux/amd64").reference;
const arm64 = platformImage("linux/arm64").reference;
const unhurried = () => new AbortController().signal;

const image = (text: string) => canonical(amd64, digestOf(Buffer.from(text)));
const voucherMade = (name: string) => readFileSync(new URL(`../sign/voucher-made/${name}`, import.meta.url));

async function read(
  { url }: OpenSourceServer,
  name: string,
): Promise<{ readonly [member: string]: unknown }> {
  return { ...Object(await (await fetch(`${url}/v1beta1/${name}`)).json()) };
}

function attestation(subject: Canonical, keyId = "key-1", checkName = "nobody") {
  const signature = { bytes: Buffer.from(`signed by ${keyId}`), keyId };
  return { checkName, subject, payload: binauthzPayload(subject), signature };
}

/** What holds for attestations on the server that `start` starts, be it the real one or what stands in for it. */
export function describeAttestations(title: string, start: () => Promise<OpenSourceServer>): void {
  describe(title, () => suite(start));
}

function suite(start: () => Promise<OpenSourceServer>): void {
  async function open(notes: readonly string[] = ["diy", "nobody"]) {
    const server = await start();
    const openStore = () => {
      const client = createOpenSourceClient({ rest: restTo(openSourceEndpoint(server.url)) });
      return createGrafeasStore({ project: PROJECT, client, backOff: 5 });
    };
    const store = openStore();
    await store.prepare(notes, unhurried());
    return { server, store, openStore };
  }

  it("are stored with their payload, and read back as they were", async () => {
    const { store } = await open();
    const puts = [{ attestation: attestation(amd64) }, { attestation: attestation(arm64) }];
    expect(await store.put(puts, unhurried())).toEqual([{ status: "stored" }, { status: "stored" }]);
    const [found, ...others] = await store.list([arm64], ["nobody"], unhurried());
    expect(others).toEqual([]);
    expect(found).toMatchObject({ checkName: "nobody", subject: arm64 });
    expect(Buffer.from(found?.payload ?? []).equals(binauthzPayload(arm64))).toBe(true);
    expect(found?.signatures).toEqual([attestation(arm64).signature]);
    expect(found?.createdAt).toBeInstanceOf(Date);
  });

  it("are replaced in their place, with the signatures that are kept", async () => {
    const { store } = await open();
    await store.put([{ attestation: attestation(amd64) }], unhurried());
    const [stored] = await store.list([amd64], ["nobody"], unhurried());
    if (stored === undefined) throw new Error("nothing was stored");
    const replaces = { stored, keep: stored.signatures };
    const replaced = await store.put([{ attestation: attestation(amd64, "key-2"), replaces }], unhurried());
    expect(replaced).toEqual([{ status: "stored" }]);
    const found = await store.list([amd64], ["nobody"], unhurried());
    expect(found.map(({ id, signatures }) => [id, signatures.map(({ keyId }) => keyId)])).toEqual([
      [stored.id, ["key-2", "key-1"]],
    ]);
  });

  it("are found by their check alone, each image once, whichever of them are on other notes or in other projects", async () => {
    const { server, store, openStore } = await open();
    const puts = [attestation(amd64), attestation(arm64), attestation(image("other"), "key-1", "diy")];
    await store.put(
      puts.map((one) => ({ attestation: one })),
      unhurried(),
    );
    const note = { project: `${PROJECT}-other`, note: "nobody" };
    const details = { payload: binauthzPayload(image("strange")), signatures: [] };
    const resourceUri = `https://${formatReference(image("strange"))}`;
    await server.create(note.project, attestationBodyV1Beta1({ note, resourceUri, details }));

    const found = (await openStore().attested?.("nobody", unhurried())) ?? [];

    expect(found.map(({ image }) => formatReference(image)).sort()).toEqual(
      [amd64, arm64].map(formatReference).sort(),
    );
    expect(found.every(({ since }) => since instanceof Date)).toBe(true);
  });

  it("are those of the named check, project and images alone, though the server filters nothing", async () => {
    const { server, store } = await open();
    await store.put(
      [{ attestation: attestation(amd64) }, { attestation: attestation(amd64, "k", "diy") }],
      unhurried(),
    );
    await server.create("production", {
      noteName: "projects/prod/notes/nobody",
      kind: "ATTESTATION",
      resource: { uri: `https://${amd64.registry}/${amd64.repository}@${amd64.digest}` },
      attestation: { attestation: { pgpSignedAttestation: { signature: "x", pgpKeyId: "AB" } } },
    });
    const found = await store.list([amd64, arm64], ["nobody"], unhurried());
    expect(found.map(({ checkName, subject }) => [checkName, subject])).toEqual([["nobody", amd64]]);
  });

  it("keep everything else of their occurrence when they are replaced", async () => {
    const { server, store } = await open();
    const name = await server.create(PROJECT, {
      ...attestationBodyV1Beta1({
        note: { project: PROJECT, note: "nobody" },
        resourceUri: `https://${formatReference(amd64)}`,
        details: { payload: binauthzPayload(amd64), signatures: [] },
      }),
      remediation: "none",
    });
    const before = await read(server, name);
    const [stored] = await store.list([amd64], ["nobody"], unhurried());
    if (stored === undefined) throw new Error("nothing was stored");
    await store.put([{ attestation: attestation(amd64), replaces: { stored, keep: [] } }], unhurried());
    const { createTime, remediation, kind } = await read(server, name);
    expect([createTime, remediation, kind]).toEqual([before["createTime"], "none", "ATTESTATION"]);
    const [replaced] = await store.list([amd64], ["nobody"], unhurried());
    expect(replaced?.createdAt?.getTime()).toBeGreaterThanOrEqual(stored.createdAt?.getTime() ?? Number.NaN);
  });

  it("are one for each image and check, however many instances make them at the same moment", async () => {
    const { openStore } = await open();
    const instances = [openStore(), openStore(), openStore()];
    for (let round = 0; round < 20; round += 1) {
      const subjects = [image(`${round} a`), image(`${round} b`)];
      const attest = (by: number) => subjects.map((one) => ({ attestation: attestation(one, `key-${by}`) }));
      const answers = await Promise.all(instances.map((one, by) => one.put(attest(by), unhurried())));
      const statuses = answers.flat().map(({ status }) => status);
      expect(statuses.toSorted()).toEqual([
        "conflict",
        "conflict",
        "conflict",
        "conflict",
        "stored",
        "stored",
      ]);
      const found = await openStore().list(subjects, ["nobody"], unhurried());
      expect(found).toHaveLength(2);
      for (const { subject, signatures } of found) {
        const at = subjects.findIndex(({ digest }) => digest === subject.digest);
        const by = answers.findIndex((answer) => answer[at]?.status === "stored");
        expect(signatures.map(({ keyId }) => keyId)).toEqual([`key-${by}`]);
      }
    }
  });

  it("are a conflict where another stands in their place already, and leave that one as it is", async () => {
    const { store } = await open();
    await store.put([{ attestation: attestation(amd64, "theirs") }], unhurried());
    const both = [{ attestation: attestation(amd64, "ours") }, { attestation: attestation(arm64, "ours") }];
    expect(await store.put(both, unhurried())).toEqual([{ status: "conflict" }, { status: "stored" }]);
    expect(await store.put(both.slice(0, 1), unhurried())).toEqual([{ status: "conflict" }]);
    const found = await store.list([amd64], ["nobody"], unhurried());
    expect(found.map(({ signatures }) => signatures.map(({ keyId }) => keyId))).toEqual([["theirs"]]);
  });

  it("fail without their note, each for itself, with the command that makes it", async () => {
    const { store } = await open(["diy"]);
    const puts = [{ attestation: attestation(amd64) }, { attestation: attestation(amd64, "k", "diy") }];
    const [failed, stored] = await store.put(puts, unhurried());
    expect(stored).toEqual({ status: "stored" });
    expect(failed).toMatchObject({ status: "failed", error: { code: "not-found", retryable: false } });
    expect(failed).toHaveProperty(
      "error.message",
      expect.stringMatching(
        /note projects\/prod\/notes\/nobody is missing, make it with voucher notes create$/,
      ),
    );
    expect(await store.list([amd64], ["nobody"], unhurried())).toEqual([]);
  });

  it.each([
    [
      "generic",
      (signature: Buffer, publicKeyId: string) => ({
        genericSignedAttestation: {
          contentType: "SIMPLE_SIGNING_JSON",
          signatures: [{ signature: signature.toString("base64"), publicKeyId }],
        },
      }),
    ],
    [
      "PGP-signed",
      (signature: Buffer, pgpKeyId: string) => ({
        pgpSignedAttestation: { contentType: "SIMPLE_SIGNING_JSON", signature: String(signature), pgpKeyId },
      }),
    ],
  ])(
    "count as Voucher made them, in the %s form, whose payload is inside its signature alone",
    async (_form, formOf) => {
      const { server, store } = await open();
      const key = await parsePgpPublicKey(String(voucherMade("public-key.asc")), "public-key.asc");
      const subject = parseCanonical(
        "gcr.io/path/to/image@sha256:cb749360c5198a55859a7f335de3cf4e2f64b60886a2098684a2f9c7ffca81f2",
      );
      const signed = formOf(voucherMade("signature.asc"), key.id);
      for (const one of [subject, amd64]) {
        await server.create(PROJECT, {
          noteName: `projects/${PROJECT}/notes/nobody`,
          kind: "ATTESTATION",
          resource: { uri: `https://${formatReference(one)}` },
          attestation: { attestation: signed },
        });
      }
      const keyRing = createKeyRing(async () => [{ check: "nobody", key }]);
      const existing = await findExisting([subject, amd64], ["nobody"], { store, keyRing }, unhurried());
      expect(existing(subject, "nobody").counting?.signature.keyId).toBe(key.id);
      expect(existing(amd64, "nobody")).toMatchObject({
        rejected: [`its signature does not verify under the key ${key.id}`],
      });
    },
  );

  it("do not count without a payload where nothing else holds what was signed", async () => {
    const { server, store } = await open();
    await server.create(PROJECT, {
      noteName: `projects/${PROJECT}/notes/nobody`,
      kind: "ATTESTATION",
      resource: { uri: `https://${formatReference(amd64)}` },
      attestation: {
        attestation: { genericSignedAttestation: { signatures: [{ signature: "AAAA", publicKeyId: "k" }] } },
      },
    });
    const keyRing = createKeyRing(async () => []);
    const existing = await findExisting([amd64], ["nobody"], { store, keyRing }, unhurried());
    expect(existing(amd64, "nobody")).toMatchObject({ rejected: ["its payload is unreadable"] });
  });

  it("are withdrawn, and withdrawing them again changes nothing", async () => {
    const { store } = await open();
    await store.put([{ attestation: attestation(amd64) }], unhurried());
    const [stored] = await store.list([amd64], ["nobody"], unhurried());
    if (stored === undefined) throw new Error("nothing was stored");
    await store.remove(stored, unhurried());
    await store.remove(stored, unhurried());
    expect(await store.list([amd64], ["nobody"], unhurried())).toEqual([]);
  });

  it("have notes, made once", async () => {
    const { store } = await open();
    const made = () => store.prepare(["mine"], unhurried());
    const note = { checkName: "mine", name: "projects/prod/notes/mine" };
    expect(await made()).toEqual([{ ...note, status: "created" }]);
    expect(await made()).toEqual([{ ...note, status: "existed" }]);
  });
}
