import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { sentences, voucher } from "../support/cli.ts";
import { type OciStage, openOciStage } from "../support/oci-stage.ts";

describe("voucher with the oci store", () => {
  let stage: OciStage;
  let registry: LocalRegistry;
  let image: string;

  beforeAll(async () => {
    stage = await openOciStage();
    registry = await startRegistry();
    image = `${registry.host}/team/app:v1`;
    const sample = sampleImage({ platform: "linux/amd64", user: "app" });
    await pushSample(sample, { url: registry.url, repository: "team/app", tag: "v1" });
    await stage.configure(registry.host);
    expect((await stage.run("check", image, "-q")).code).toBe(0);
  });

  afterAll(async () => {
    await registry?.close();
    await stage?.close();
  });

  it("says that it needs no notes", async () => {
    const made = await stage.run("notes", "create");
    expect([made.code, made.stdout, sentences(made)]).toEqual([
      0,
      "",
      ["voucher: this store needs no notes"],
    ]);
    expect((await stage.run("notes", "create", "--json")).stdout).toBe("[]\n");
  });

  it("verifies with a key alone where there is no configuration", async () => {
    const { folder } = stage;
    const args = ["verify", image, "--key", `${folder}/nobody.pub`, "--json"];
    const bare = await openOciStage();
    const found = await voucher(args, { cwd: bare.folder });
    await bare.close();
    expect(found.code).toBe(0);
    expect(JSON.parse(found.stdout)).toMatchObject({
      success: true,
      results: [{ name: "https://slsa.dev/verification_summary/v1", status: "pass" }],
    });
  });

  it.each([
    ["a check", ["--key", "nobody.pub", "--check", "nobody"], "leave out --check"],
    [
      "a server",
      ["--key", "nobody.pub", "--server", "http://127.0.0.1:9"],
      "--key cannot be asked of a server",
    ],
    ["no such file", ["--key", "none.pub"], "none.pub cannot be read"],
    ["a file without a key", ["--key", "voucher.json"], "holds no public key in PEM form"],
  ])("refuses --key with %s", async (_, flags, why) => {
    const refused = await stage.run("verify", image, ...flags);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(sentences(refused)).toEqual([expect.stringContaining(why)]);
  });

  it("cannot list every image that is attested, and says what to name instead", async () => {
    const refused = await stage.run("replay", "--attested", "nobody", "--dry-run");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("name --repository or --images instead");
  });

  it("says what the configuration lacks", async () => {
    await stage.configure(registry.host, { more: { signer: "pgp", oci: {}, pkix_keys: [] } });
    const refused = await stage.run("verify", image);
    await stage.configure(registry.host);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("oci.verifier_id: is missing");
    expect(refused.stderr).toContain('signer: must be "kms" or "pkix"');
  });
});
