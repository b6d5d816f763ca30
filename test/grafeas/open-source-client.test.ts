import { describe, expect, it } from "vitest";
import { binauthzPayload } from "../../lib/attest/payload.ts";
import { createOpenSourceClient } from "../../lib/grafeas/open-source-client.ts";
import { openSourceEndpoint } from "../../lib/grafeas/open-source-endpoint.ts";
import type { Canonical } from "../../lib/image/reference.ts";
import { createGrafeasStore } from "../../lib/store/grafeas.ts";
import { restTo } from "../google/scripted.ts";
import { platformImage } from "../support/fake-images.ts";
import { type OpenSourceServer, realServer, startFake, startReal } from "./open-source-server.ts";

const PROJECT = "prod";
const amd64 = platformImage("linux/amd64").reference;
const arm64 = platformImage("linux/arm64").reference;
const unhurried = () => new AbortController().signal;

const real = realServer();
const servers: readonly [string, () => Promise<OpenSourceServer>][] = [
  ["as it was observed", () => startFake()],
  ...(real === undefined
    ? []
    : [["itself", () => startReal(real)] as [string, () => Promise<OpenSourceServer>]]),
];

function attestation(subject: Canonical, keyId = "key-1", checkName = "nobody") {
  const signature = { bytes: Buffer.from(`signed by ${keyId}`), keyId };
  return { checkName, subject, payload: binauthzPayload(subject), signature };
}

describe.each(servers)("attestations on the open-source server, %s", (_, start) => {
  async function open() {
    const server = await start();
    const rest = restTo(openSourceEndpoint(server.url));
    return {
      server,
      store: createGrafeasStore({ project: PROJECT, client: createOpenSourceClient({ rest }) }),
    };
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

  it("may be as Voucher made them: a signed message without a payload, which stands in the way and does not count", async () => {
    const { server, store } = await open();
    await server.create(PROJECT, {
      noteName: `projects/${PROJECT}/notes/nobody`,
      kind: "ATTESTATION",
      resource: { uri: `https://${amd64.registry}/${amd64.repository}@${amd64.digest}` },
      attestation: {
        attestation: { pgpSignedAttestation: { signature: "-----BEGIN PGP MESSAGE-----", pgpKeyId: "AB" } },
      },
    });
    const [found] = await store.list([amd64], ["nobody"], unhurried());
    expect(found?.payload).toHaveLength(0);
    expect(found?.signatures.map(({ keyId }) => keyId)).toEqual(["AB"]);
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
    const made = () => store.prepare(["diy"], unhurried());
    expect(await made()).toEqual([{ checkName: "diy", name: "projects/prod/notes/diy", status: "created" }]);
    expect(await made()).toEqual([{ checkName: "diy", name: "projects/prod/notes/diy", status: "existed" }]);
  });
});
