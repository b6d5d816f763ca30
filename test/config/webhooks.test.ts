import { describe, expect, it } from "vitest";
import { WEBHOOK_SOURCES } from "../../lib/event/webhook/sources.ts";
import { load, problemsOf } from "./folder.ts";

describe("the webhooks of a configuration", () => {
  it.each(WEBHOOK_SOURCES)("may have a secret for %s", async (source) => {
    const { config, warnings } = await load(`[webhook.${source}]\nsecret = "shared"`);
    expect([config.webhooks, warnings]).toEqual([{ [source]: { secret: "shared" } }, []]);
  });

  it("have no other source, and the nearest one is suggested", async () => {
    expect(await problemsOf(load('[webhook.habor]\nsecret = "x"'))).toEqual([
      'voucher.toml: webhook.habor: is no known key; the nearest is "harbor"',
    ]);
  });

  it.each([
    ["toml", "[webhook.harbor]"],
    ["toml", '[webhook.harbor]\nsecret = ""'],
    ["yaml", "webhook:\n  harbor:"],
  ])("are warned of where one has no secret, since it is refused: %s %j", async (format, text) => {
    const { config, warnings } = await load(text, { format });
    expect(config.webhooks).toEqual({ harbor: {} });
    expect(warnings).toEqual([
      expect.stringMatching(/: webhook\.harbor: has no secret, so each of its requests is refused$/),
    ]);
  });

  it("may publish to a topic", async () => {
    const { config } = await load('[events]\npush_topic = "pushes"');
    expect(config.events.pushTopic).toBe("pushes");
  });
});
