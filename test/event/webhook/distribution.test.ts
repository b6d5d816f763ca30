import { describe, expect, it } from "vitest";
import { DIGEST, DISTRIBUTION_V1, DISTRIBUTION_V2, distributionEvent } from "../../support/webhooks.ts";
import { pushed, read, unusable, whyUnread } from "./reading.ts";

const envelope = (...events: readonly unknown[]) => ({ events });
const ID = "7d1b8e2c-3f0a-4c64-9d55-0a1f5a4c9b77";
const AT = new Date("2026-11-25T11:59:30.123Z");

describe("an envelope of CNCF Distribution", () => {
  it.each([DISTRIBUTION_V1, DISTRIBUTION_V2, `${DISTRIBUTION_V2}; charset=utf-8`, "application/json"])(
    "is read as %s",
    (type) => {
      const tagged = distributionEvent({ target: { tag: "v1" } });
      expect(read("distribution", envelope(tagged), { "content-type": type })).toEqual([
        pushed("registry.example.com", { id: ID, at: AT }),
      ]);
    },
  );

  it("may list what the manifest refers to, as version 2 does where it is told to", () => {
    const references = [{ mediaType: "application/octet-stream", digest: DIGEST, size: 1 }];
    expect(read("distribution", envelope(distributionEvent({ target: { references } })))).toMatchObject([
      { kind: "push", image: { digest: DIGEST } },
    ]);
  });

  it("holds many events that have nothing to do with each other: every push counts, whatever stands beside it", () => {
    const events = [
      distributionEvent({ target: { repository: "a/one", url: undefined } }),
      distributionEvent({ action: "pull" }),
      distributionEvent({ action: "mount", target: { fromRepository: "b/two" } }),
      { action: "delete", target: { digest: DIGEST, repository: "team/app" } },
      distributionEvent({ target: { mediaType: "application/octet-stream" } }),
      distributionEvent({ target: { digest: "sha256:short" } }),
      distributionEvent({ target: { repository: "c/three", url: undefined } }),
    ];

    expect(read("distribution", envelope(...events))).toEqual([
      expect.objectContaining({ kind: "push", image: expect.objectContaining({ repository: "a/one" }) }),
      { kind: "ignored", reason: 'the action "pull" is no push' },
      { kind: "ignored", reason: 'the action "mount" is no push' },
      { kind: "ignored", reason: 'the action "delete" is no push' },
      { kind: "ignored", reason: "a layer or config, and no manifest" },
      unusable(/"sha256:short" is no digest/),
      expect.objectContaining({ kind: "push", image: expect.objectContaining({ repository: "c/three" }) }),
    ]);
  });

  it.each([
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.oci.image.index.v1+json",
  ])("announces a manifest by its media type: %s", (mediaType) => {
    expect(read("distribution", envelope(distributionEvent({ target: { mediaType } })))).toMatchObject([
      { kind: "push" },
    ]);
  });

  it("ends here for cosign's own tags", () => {
    const signature = distributionEvent({ target: { tag: `sha256-${"5e".repeat(32)}.sig` } });
    expect(read("distribution", envelope(signature))).toEqual([
      { kind: "ignored", reason: expect.stringMatching(/^not an image: the tag sha256-/) },
    ]);
  });

  it("without an event says that it announces nothing", () => {
    expect(read("distribution", envelope())).toEqual([{ kind: "ignored", reason: "it announces nothing" }]);
  });
});

describe("the host of an image that Distribution announces", () => {
  const hostOf = (target: object, host?: string) => {
    const [event] = read(
      "distribution",
      envelope(distributionEvent({ target: { ...target }, request: { host } })),
    );
    return event?.kind === "push" ? event.image.registry : event;
  };

  it("is the one that the registry gives itself in the manifest's address, whatever Host the client sent", () => {
    expect(hostOf({}, "evil.example.net")).toBe("registry.example.com");
  });

  it("is the one that the client asked where the address has none, as with http.relativeurls", () => {
    expect(hostOf({ url: `/v2/team/app/manifests/${DIGEST}` }, "registry.internal:5000")).toBe(
      "registry.internal:5000",
    );
    expect(hostOf({ url: undefined }, "registry.internal:5000")).toBe("registry.internal:5000");
  });

  it("is not taken from the address of anything else", () => {
    expect(
      hostOf({ url: `https://other.example.com/v2/team/other/manifests/${DIGEST}` }, "r.example.com"),
    ).toBe("r.example.com");
  });

  it("keeps the port that an image's name has", () => {
    expect(hostOf({ url: `http://127.0.0.1:5000/v2/team/app/manifests/${DIGEST}` })).toBe("127.0.0.1:5000");
  });

  it("cannot be used where an image's name could not begin with it: the name would mean Docker Hub", () => {
    expect(hostOf({ url: `http://registry/v2/team/app/manifests/${DIGEST}` })).toEqual(
      unusable(/calls itself "registry", which no image's name can begin with/),
    );
  });

  it("has to be there", () => {
    expect(hostOf({ url: undefined }, undefined)).toEqual(unusable(/names no host/));
  });
});

describe("what is no envelope", () => {
  it.each<[string, unknown, RegExp]>([
    ["a list", [distributionEvent()], /no list of events/],
    ["an event by itself", distributionEvent(), /no list of events/],
    ["null", null, /no list of events/],
    ["events that are none", { events: "push" }, /no list of events/],
  ])("cannot be read: %s", (_, document, reason) => {
    expect(whyUnread(() => read("distribution", document))).toMatch(reason);
  });

  it("is one of a version that nobody knows", () => {
    const type = "application/vnd.docker.distribution.events.v3+json";
    expect(
      whyUnread(() => read("distribution", envelope(distributionEvent()), { "content-type": type })),
    ).toMatch(/its Content-Type is none of .*events\.v1\+json, .*events\.v2\+json/);
  });

  it.each<[string, unknown, RegExp]>([
    ["an event that is none", "push", /an event has no action/],
    [
      "a push without a digest",
      distributionEvent({ target: { digest: undefined } }),
      /target\.digest is missing/,
    ],
    [
      "a push without a media type",
      distributionEvent({ target: { mediaType: 7 } }),
      /target\.mediaType is missing/,
    ],
    [
      "a repository that climbs",
      distributionEvent({ target: { repository: "../../x", url: undefined } }),
      /can't use "registry\.example\.com\/\.\.\/\.\.\/x/,
    ],
    ["a tag that is none", distributionEvent({ target: { tag: "a b" } }), /a tag has at most 128/],
    [
      "a host with a path in it",
      distributionEvent({ target: { url: undefined }, request: { host: "evil.example.net/x" } }),
      /calls itself "evil\.example\.net\/x"/,
    ],
  ])("spoils no other event: %s", (_, event, reason) => {
    const [bad, good] = read("distribution", envelope(event, distributionEvent()));
    expect([bad, good?.kind]).toEqual([unusable(reason), "push"]);
  });
});

describe("what Distribution calls an event", () => {
  it("is left out where no message could keep it", () => {
    for (const id of ["", "x".repeat(201), "a\nb", 7, null]) {
      const [event] = read("distribution", envelope(distributionEvent({ id, timestamp: "soon" })));
      expect(event).toEqual({ kind: "push", image: expect.anything() });
    }
  });
});
