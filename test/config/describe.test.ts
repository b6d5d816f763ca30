import { describe, expect, it } from "vitest";
import { describeConfig } from "../../lib/config/describe.ts";
import { parseFile } from "../../lib/config/parse.ts";
import { toConfig } from "../../lib/config/settings.ts";
import { EVERY_KEY } from "./every-key.ts";

function configOf(document: { [key: string]: unknown }) {
  const { file, problems } = parseFile(document);
  expect(problems).toEqual([]);
  return toConfig(file, "/etc/voucher", {});
}

function written(document: { [key: string]: unknown }): { [key: string]: unknown } {
  return JSON.parse(JSON.stringify(describeConfig(configOf(document))));
}

describe("the settings in effect", () => {
  it.each([
    ["every key", { ...EVERY_KEY, webhook: {}, server: { ...EVERY_KEY.server, password: "" } }],
    ["no key", {}],
  ])("can be read back, and mean the same: from %s", (_, document) => {
    expect(configOf(written(document))).toStrictEqual(configOf(document));
  });

  it("have the names of the file, every one of them", () => {
    expect(Object.keys(written(EVERY_KEY)).sort()).toEqual(Object.keys(EVERY_KEY).sort());
  });

  it("show no secret", () => {
    const options = {
      url: "https://example.com",
      apiToken: "s3cret-1",
      nested: [{ private_key: "s3cret-2" }],
    };
    const text = JSON.stringify(
      written({
        server: { username: "ci", password: "s3cret-3" },
        webhook: { harbor: { secret: "s3cret-4" } },
        checks: { mine: { module: "./m.js", options } },
      }),
    );
    expect(text).not.toContain("s3cret");
    expect(text).toContain('"url":"https://example.com"');
    expect(text).toContain('"password":"********"');
  });
});
