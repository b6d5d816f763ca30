import { describe, expect, it } from "vitest";
import { acrEvent, DIGEST } from "../../support/webhooks.ts";
import { pushed, read, unusable, whyUnread } from "./reading.ts";

describe("an event of Azure Container Registry", () => {
  it("names the image, its tag and itself", () => {
    expect(read("acr", acrEvent())).toEqual([
      pushed("example.azurecr.io", {
        id: "0b9d6a55-57cf-4b7e-8f4e-2d1a6f1f7c11",
        at: new Date("2026-11-25T11:59:30.5Z"),
      }),
    ]);
  });

  it.each([undefined, ""])("may have no tag: %j", (tag) => {
    const [event] = read("acr", acrEvent({ target: { tag } }));
    expect(event).toMatchObject({ kind: "push", image: { digest: DIGEST } });
    expect(event).not.toHaveProperty("tag");
  });

  it.each(["delete", "quarantine", "chart_push", "chart_delete", "ping"])(
    "of another action is ignored, whatever it holds: %s",
    (action) => {
      expect(read("acr", { id: "1", action })).toEqual([
        { kind: "ignored", reason: `the action "${action}" is no push` },
      ]);
    },
  );
});

describe("what is no event of Azure Container Registry", () => {
  it.each<[string, unknown, RegExp]>([
    ["a list", [acrEvent()], /it has no action/],
    ["no action", acrEvent({ action: undefined }), /it has no action/],
    ["no digest", acrEvent({ target: { digest: undefined } }), /target\.digest is missing/],
    ["no host", acrEvent({ request: {} }), /request\.host is missing/],
  ])("cannot be read: %s", (_, document, reason) => {
    expect(whyUnread(() => read("acr", document))).toMatch(reason);
  });

  it("cannot be used where it names no image", () => {
    expect(read("acr", acrEvent({ target: { repository: "Team App" } }))).toEqual([unusable(/can't use/)]);
  });
});
