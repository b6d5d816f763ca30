import { describe, expect, it } from "vitest";
import { parseWebhook } from "../../../lib/event/webhook/webhook.ts";
import { DIGEST, githubEvent, HEX } from "../../support/webhooks.ts";
import { pushed, read, unusable, whyUnread } from "./reading.ts";

const OTHER = `sha256:${"0a".repeat(32)}`;
const as = (event: string) => ({ "x-github-event": event });

describe("a delivery of GitHub's", () => {
  it.each(["package", "registry_package"] as const)(
    "named %s names the image in lower case, its tag and itself",
    (event) => {
      expect(read("github", githubEvent(event), as(event))).toEqual([pushed("ghcr.io", { id: "d-1" })]);
    },
  );

  it("is a push too where a tag moved to a version that is there already", () => {
    const updated = { ...githubEvent("package"), action: "updated" };
    expect(read("github", updated)).toEqual([pushed("ghcr.io", { id: "d-1" })]);
  });

  it("of a version without a tag, such as a platform of an index, ends its address with a colon", () => {
    const version = {
      container_metadata: { tag: { name: "", digest: DIGEST } },
      package_url: "ghcr.io/Team/app:",
    };
    const [event] = read("github", githubEvent("package", { version }));
    expect(event).toEqual({
      kind: "push",
      image: { registry: "ghcr.io", repository: "team/app", digest: DIGEST },
      id: "d-1",
    });
  });

  it.each([`ghcr.io/Team/app@${DIGEST}`, "ghcr.io/Team/app"])(
    "may have another address: %s",
    (package_url) => {
      expect(read("github", githubEvent("package", { version: { package_url } }))).toEqual([
        pushed("ghcr.io", { id: "d-1" }),
      ]);
    },
  );

  it("names the host of an Enterprise Server", () => {
    const version = { package_url: "containers.github.example.com:8443/Team/app:v1" };
    expect(read("github", githubEvent("package", { version }))).toMatchObject([
      { image: { registry: "containers.github.example.com:8443", repository: "team/app" } },
    ]);
  });

  it("is named by its version, and by its container's digest where the version is none", () => {
    const digestOf = (version: object) => {
      const [event] = read("github", githubEvent("package", { version: { ...version } }));
      return event?.kind === "push" ? event.image.digest : event;
    };
    const container_metadata = { tag: { name: "v1", digest: OTHER } };

    expect(digestOf({ container_metadata })).toBe(DIGEST);
    expect(digestOf({ version: "v1", container_metadata })).toBe(OTHER);
    expect(digestOf({ version: null, container_metadata: { manifest: { digest: OTHER } } })).toBe(OTHER);
  });

  it.each<[string, unknown, string, string]>([
    [
      "the ping that a new webhook is tried with",
      { zen: "…", hook_id: 1 },
      "ping",
      'the event "ping" is no push',
    ],
    ["another event", { action: "published" }, "release", 'the event "release" is no push'],
    ["another action", { action: "deleted" }, "package", 'the action "deleted" is no push'],
    [
      "a package of another kind",
      githubEvent("package", { package_type: "npm", ecosystem: "npm", registry: { type: "npm" } }),
      "package",
      "the package is no container image",
    ],
    [
      "an image of the registry that was closed",
      githubEvent("package", { package_type: "docker", ecosystem: "docker", registry: null }),
      "package",
      "the package is no container image",
    ],
  ])("is ignored: %s", (_, document, event, reason) => {
    expect(read("github", document, as(event))).toEqual([{ kind: "ignored", reason }]);
  });

  it("ends here for cosign's own tags", () => {
    const version = { container_metadata: { tag: { name: `sha256-${HEX}.sig`, digest: DIGEST } } };
    expect(read("github", githubEvent("package", { version }))).toMatchObject([{ kind: "ignored" }]);
  });
});

describe("what is no delivery of GitHub's", () => {
  it.each<[string, unknown, RegExp]>([
    ["a form, which GitHub sends unless it is told otherwise", "payload=%7B%7D", /not JSON/],
    ["no action", { package: {} }, /it has no action/],
    ["the package under another name", githubEvent("registry_package"), /its package is missing/],
    ["no version", githubEvent("package", { package_version: null }), /its package_version is missing/],
    [
      "no digest",
      githubEvent("package", { version: { version: "v1", container_metadata: null } }),
      /no digest/,
    ],
  ])("cannot be read: %s", (_, document, reason) => {
    expect(whyUnread(() => read("github", document))).toMatch(reason);
  });

  it("is one without the header that names its event", () => {
    const body = Buffer.from(JSON.stringify(githubEvent("package")));
    expect(whyUnread(() => parseWithout(body))).toMatch(/no header X-GitHub-Event/);
  });

  it.each(["app", "/Team/app:v1", "ghcr.io/:v1", "localhost/x y"])(
    "cannot be used: the address %j",
    (url) => {
      expect(read("github", githubEvent("package", { version: { package_url: url } }))).toEqual([
        unusable(/can't use|calls itself/),
      ]);
    },
  );
});

function parseWithout(body: Uint8Array) {
  return parseWebhook("github", { headers: {}, body });
}
