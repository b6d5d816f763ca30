import { describe, expect, it } from "vitest";
import { load, problemsOf } from "./folder.ts";

describe("what is known and not built yet", () => {
  it.each([
    ['signer = "pkix"\nmetadata_client = "oci"', 'metadata_client: "oci" is not built yet; leave it out'],
    ['[events]\nverdict_topic = "t"', "events.verdict_topic: is not built yet; leave it out"],
    ['[metrics]\nbackend = "statsd"', "metrics.backend: is not built yet; leave it out"],
  ])("is an error where it is switched on: %j", async (text, problem) => {
    expect(await problemsOf(load(text))).toEqual([`voucher.toml: ${problem}`]);
  });

  it("is no error where it is not", async () => {
    const text = '[checks]\napproved = false\n[events]\nverdict_topic = ""\n[metrics]\ntags = []';
    expect((await load(text)).warnings).toEqual([]);
  });

  it("is a warning where it decides nothing", async () => {
    const { config, warnings } = await load('[statsd]\naddr = "localhost:8125"');
    expect(warnings).toEqual([
      expect.stringMatching(/statsd.addr: metrics are not built yet, so none are sent$/),
    ]);
    expect(config.metrics.backend).toBe("statsd");
  });
});
