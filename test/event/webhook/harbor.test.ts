import { describe, expect, it } from "vitest";
import { DIGEST, harborCloudEvent, harborData, harborEvent } from "../../support/webhooks.ts";
import { pushed, read, unusable, whyUnread } from "./reading.ts";

const HOST = "harbor.example.com";

describe("a notification of Harbor", () => {
  it("in its default format names the image, its tag and when it was pushed", () => {
    expect(read("harbor", harborEvent())).toEqual([pushed(HOST, { at: new Date("2026-11-25T12:00:00Z") })]);
  });

  it("as a CloudEvent says the same, and has an id", () => {
    const headers = { "content-type": "application/cloudevents+json" };
    expect(read("harbor", harborCloudEvent(), headers)).toEqual([
      pushed(HOST, { id: "c0ffee00-0000-4000-8000-000000000001", at: new Date("2026-11-25T11:59:30Z") }),
    ]);
  });

  it("of something without a tag bears the digest as one", () => {
    const data = harborData({ tag: DIGEST, resource_url: `${HOST}/team/app@${DIGEST}` });
    const [event] = read("harbor", harborEvent({ event_data: data }));
    expect(event).toEqual({
      kind: "push",
      image: { registry: HOST, repository: "team/app", digest: DIGEST },
      at: expect.any(Date),
    });
  });

  it("names the registry's port, where it has one", () => {
    const data = harborData({ resource_url: "harbor.internal:8443/team/app:v1" });
    expect(read("harbor", harborEvent({ event_data: data }))).toMatchObject([
      { kind: "push", image: { registry: "harbor.internal:8443" } },
    ]);
  });

  it("may speak of several resources, each for itself", () => {
    const { resources, ...rest } = Object(harborData());
    const data = { ...rest, resources: [{ digest: DIGEST }, ...resources] };
    expect(read("harbor", harborEvent({ event_data: data }))).toEqual([
      unusable(/a resource lacks its digest or its resource_url/),
      expect.objectContaining({ kind: "push" }),
    ]);
  });

  it.each([
    "PULL_ARTIFACT",
    "DELETE_ARTIFACT",
    "SCANNING_COMPLETED",
    "QUOTA_WARNING",
    "REPLICATION",
    "TAG_RETENTION",
  ])("of another type is ignored, whatever it holds: %s", (type) => {
    expect(read("harbor", { type, occur_at: 1, event_data: null })).toEqual([
      { kind: "ignored", reason: `the type "${type}" is no push` },
    ]);
  });

  it.each([
    "harbor.artifact.pulled",
    "harbor.artifact.deleted",
    "harbor.tag.created",
    "harbor.scan.completed",
  ])("as a CloudEvent of another type too: %s", (type) => {
    expect(read("harbor", harborCloudEvent({ type }))).toEqual([
      { kind: "ignored", reason: `the type "${type}" is no push` },
    ]);
  });
});

describe("what is no notification of Harbor", () => {
  it.each<[string, unknown, RegExp]>([
    ["a list", [], /it has no type/],
    ["no type", { event_data: harborData() }, /it has no type/],
    ["no data", { type: "PUSH_ARTIFACT" }, /its data is missing or unreadable/],
    ["no repository", harborEvent({ event_data: { resources: [] } }), /repository is missing or unreadable/],
    ["a CloudEvent without data", harborCloudEvent({ data: undefined }), /its data is missing/],
  ])("cannot be read: %s", (_, document, reason) => {
    expect(whyUnread(() => read("harbor", document))).toMatch(reason);
  });

  it.each<[string, { readonly [name: string]: string }, RegExp]>([
    [
      "an address of another repository",
      { resource_url: `${HOST}/team/other:v1` },
      /not that of its repository/,
    ],
    [
      "an address that only begins alike",
      { resource_url: `${HOST}/team/app-2:v1` },
      /not that of its repository/,
    ],
    ["an address below the host", { resource_url: `${HOST}/proxy/team/app:v1` }, /calls itself/],
    ["a host that is none", { resource_url: "harbor/team/app:v1" }, /calls itself "harbor"/],
    ["no host", { resource_url: "/team/app:v1" }, /can't use/],
    ["a digest that is none", { digest: "latest" }, /is no digest/],
  ])("cannot be used: %s", (_, resource, reason) => {
    const event_data = harborData(resource);
    expect(read("harbor", harborEvent({ event_data }))).toEqual([unusable(reason)]);
  });
});
