import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

describe("what is known and not built yet", () => {
  it.each([
    ["[checks]\napproved = true", "checks.approved: this check is not built yet; set it to false"],
    [
      "[required.prod]\napproved = true",
      "required.prod.approved: this check is not built yet; set it to false",
    ],
    ['binauth_project = "p"', 'signer: "pgp" is not built yet; where there is a store, write "pkix"'],
    [
      'binauth_project = "p"\nsigner = "kms"',
      'signer: "kms" is not built yet; where there is a store, write "pkix"',
    ],
    ['metadata_client = "grafeasos"', 'metadata_client: "grafeasos" is not built yet; leave it out'],
    ['signer = "pkix"\nmetadata_client = "oci"', 'metadata_client: "oci" is not built yet; leave it out'],
    ['[events]\npush_topic = "t"', "events.push_topic: is not built yet; leave it out"],
    ['[events]\nverdict_topic = "t"', "events.verdict_topic: is not built yet; leave it out"],
    ['[metrics]\nbackend = "statsd"', "metrics.backend: is not built yet; leave it out"],
    ['[ejson]\ndir = "/k"', "ejson.dir: is not built yet; leave it out"],
    ['[ejson]\nsecrets = "s"', "ejson.secrets: is not built yet; leave it out"],
    ['[sops]\nfile = "s"', "sops.file: is not built yet; leave it out"],
    ['[secrets]\nfile = "s"', "secrets.file: is not built yet; leave it out"],
    ["[webhook.harbor]", "webhook.harbor: is not built yet; leave it out"],
  ])("is an error where it is switched on: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toEqual([`voucher.toml: ${problem}`]);
  });

  it("is no error where it is not", async () => {
    const text = '[checks]\napproved = false\n[events]\npush_topic = ""\n[metrics]\ntags = []';
    expect((await load(text)).warnings).toEqual([]);
  });

  it("is Voucher's default signer too, which may stand where nothing is stored", async () => {
    expect((await load("[checks]\nnobody = true")).config.signer).toBe("pgp");
  });

  it("is a warning where it decides nothing", async () => {
    const { config, warnings } = await load('[statsd]\naddr = "localhost:8125"');
    expect(warnings).toEqual([
      expect.stringMatching(/statsd.addr: metrics are not built yet, so none are sent$/),
    ]);
    expect(config.metrics.backend).toBe("statsd");
  });
});
