import { createPublicKey, verify as verifies } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { generatePkixKey, type KeyPair } from "../../lib/app.ts";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import { describeAttestations } from "../grafeas/open-source-attestations.ts";
import { startReal } from "../grafeas/open-source-server.ts";
import { voucher } from "../support/cli.ts";
import { buildGoPrograms } from "../support/go-programs.ts";
import type { RunResult } from "../support/processes.ts";
import { describeUnless } from "../support/tools.ts";

const INDEX = sampleIndex({
  images: ["linux/amd64", "linux/arm64"].map((platform) => sampleImage({ platform, user: "nobody" })),
});
const DIGESTS = INDEX.manifests.map(({ digest }) => digest);
const CHECKS = ["diy", "nobody"] as const;
const OWED = CHECKS.flatMap((check) => DIGESTS.map((digest) => `${check} ${digest}`)).sort();

const grafeas = await buildGoPrograms("github.com/grafeas/grafeas", "v0.2.3", [
  "github.com/grafeas/grafeas/go/v1beta1/main",
]);
const lacking = new Map([...grafeas.lacking.values()].map((get) => ["the Grafeas server", get]));
const start = () => startReal(join(grafeas.folder, "main"));

afterAll(() => grafeas.close());

describeUnless(lacking, "the open-source Grafeas server itself", () => {
  describeAttestations("holds attestations", start);
});

/** An occurrence as the server answers it. */
interface Document {
  readonly name: string;
  readonly noteName: string;
  readonly resource: { readonly uri: string };
  readonly attestation: {
    readonly attestation: {
      readonly genericSignedAttestation: {
        readonly contentType: string;
        readonly serializedPayload: string;
        readonly signatures: readonly { readonly signature: string; readonly publicKeyId: string }[];
      };
    };
  };
}

describeUnless(lacking, "voucher on an open-source Grafeas server", () => {
  let folder: string;
  let registry: LocalRegistry;
  let image: string;
  let url: string;
  let keys: { readonly [name: string]: KeyPair };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-grafeasos-"));
    keys = { diy: await generatePkixKey(), nobody: await generatePkixKey(), newer: await generatePkixKey() };
    for (const [name, { privateKey, publicKey }] of Object.entries(keys)) {
      await writeFile(join(folder, `${name}.pem`), privateKey);
      await writeFile(join(folder, `${name}.pub`), publicKey);
    }
    registry = await startRegistry();
    await pushSample(INDEX, { url: registry.url, repository: "team/app", tag: "v1" });
    image = `${registry.host}/team/app:v1`;
  });

  beforeEach(async () => {
    ({ url } = await start());
    await configure("nobody.pem");
  });

  afterAll(async () => {
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function configure(keyOfNobody: string, trusted: readonly object[] = []): Promise<void> {
    const config = {
      valid_repos: [registry.host],
      metadata_client: "grafeasos",
      binauth_project: "attestors",
      grafeasos: { hostname: url, version: "v1beta1", vul_project: "scans" },
      signer: "pkix",
      pkix_keys: [
        { check: "diy", path: "diy.pem" },
        { check: "nobody", path: keyOfNobody },
      ],
      trusted_keys: trusted,
      checks: { diy: true, nobody: true },
    };
    await writeFile(join(folder, "voucher.json"), JSON.stringify(config));
  }

  const run = (...args: string[]): Promise<RunResult> => voucher(args, { cwd: folder });

  async function occurrences(): Promise<readonly Document[]> {
    const answer = await (await fetch(`${url}/v1beta1/projects/attestors/occurrences?pageSize=1000`)).json();
    return Object(answer).occurrences ?? [];
  }

  const checkOf = ({ noteName }: Document) => noteName.split("/").at(-1) ?? "";
  const attested = async () =>
    (await occurrences()).map((one) => `${checkOf(one)} ${one.resource.uri.split("@")[1]}`).sort();

  it("makes notes, attests every platform and the index, and verifies them", async () => {
    const missing = await run("check", image, "-q");
    expect(missing.code).toBe(3);
    expect(await attested()).toEqual([]);

    expect((await run("notes", "create", "-q")).code).toBe(0);
    expect(await run("check", image, "--json")).toMatchObject({ code: 0 });

    expect(await attested()).toEqual(OWED);
    const verified = await run("verify", image, "--json");
    expect(verified.code).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ success: true, attested: true });
  });

  it("leaves there what node:crypto verifies over the payload beside it", async () => {
    await run("notes", "create", "-q");
    await run("check", image, "-q");
    for (const occurrence of await occurrences()) {
      const { contentType, serializedPayload, signatures } =
        occurrence.attestation.attestation.genericSignedAttestation;
      const payload = Buffer.from(serializedPayload, "base64");
      const key = createPublicKey(keys[checkOf(occurrence)]?.publicKey ?? "");
      const [signature = { signature: "" }, ...others] = signatures;
      expect(others).toEqual([]);
      expect(contentType).toBe("SIMPLE_SIGNING_JSON");
      expect(occurrence.resource.uri).toContain(
        JSON.parse(String(payload)).critical.image["docker-manifest-digest"],
      );
      expect(verifies("sha256", payload, key, Buffer.from(signature.signature, "base64"))).toBe(true);
    }
  });

  it("says which command makes a note that is missing", async () => {
    await run("notes", "create", "--check", "diy", "-q");
    const { code, stderr } = await run("check", image, "--json");
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /note projects\/attestors\/notes\/nobody is missing, make it with voucher notes create/,
    );
    expect(await attested()).toEqual(OWED.filter((one) => one.startsWith("diy")));
  });

  it("ends with one attestation a digest and check, however many attest at once", async () => {
    await run("notes", "create", "-q");
    const results = await Promise.all(Array.from({ length: 4 }, () => run("check", image, "--json")));
    expect(results.map(({ code, stderr }) => [code, stderr])).toEqual(Array(4).fill([0, ""]));
    expect(await attested()).toEqual(OWED);
    expect((await run("verify", image, "-q")).code).toBe(0);
  });

  it("puts a rotated key's attestations in the places of the old ones, and keeps signatures still trusted", async () => {
    await run("notes", "create", "-q");
    await run("check", image, "-q");
    const before = (await occurrences()).map(({ name }) => name).sort();
    await configure("newer.pem", [{ check: "nobody", path: "nobody.pub" }]);
    expect((await run("check", image, "--force", "-q")).code).toBe(0);

    const after = await occurrences();
    expect(after.map(({ name }) => name).sort()).toEqual(before);
    const ids = after
      .filter((one) => checkOf(one) === "nobody")
      .map((one) =>
        one.attestation.attestation.genericSignedAttestation.signatures.map(({ publicKeyId }) => publicKeyId),
      );
    expect(ids).toEqual(Array(3).fill([keys["newer"]?.keyId, keys["nobody"]?.keyId]));
    for (const key of ["newer.pem", "nobody.pem"]) {
      await configure(key);
      expect((await run("verify", image, "-q")).code).toBe(0);
    }
  });

  it("withdraws an attestation, and then verify finds none", async () => {
    await run("notes", "create", "-q");
    await run("check", image, "-q");
    const revoked = await run("revoke", image, "--check", "nobody", "--reason", "a backdoor", "--yes");
    expect(revoked.code).toBe(0);
    expect(await attested()).toEqual(OWED.filter((one) => one.startsWith("diy")));
    expect((await run("verify", image, "-q")).code).toBe(1);
  });

  it("cannot start without the server's address", async () => {
    const file = join(folder, "voucher.json");
    const { grafeasos: _, ...rest } = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify(rest));
    const { code, stderr } = await run("verify", image);
    expect(code).toBe(2);
    expect(stderr).toContain("grafeasos.hostname");
  });
});
