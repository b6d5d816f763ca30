import { describe, expect, it } from "vitest";
import { parseReference } from "../../lib/image/reference.ts";
import { liesUnder, namesHost, parseValidRepo } from "../../lib/image/valid-repos.ts";

const under = (entry: string, image: string) => liesUnder(parseReference(image), [parseValidRepo(entry)]);

describe("an entry of valid_repos", () => {
  it.each([
    ["gcr.io/p/app", "gcr.io/p/app"],
    ["gcr.io/p/app", "gcr.io/p/app/sub:v1"],
    ["gcr.io/p/app/", "gcr.io/p/app"],
    ["gcr.io/p//", "gcr.io/p/app"],
    ["gcr.io", "gcr.io/p/app"],
    ["gcr.io/", "gcr.io/p/app"],
    ["GCR.io/p", "gcr.io/p/app"],
    ["us.gcr.io/p", "us.gcr.io/p/app"],
    ["localhost", "localhost/app"],
    ["localhost:5000", "localhost:5000/app"],
    ["[::1]:5000/team", "[::1]:5000/team/app"],
    ["docker.io", "alpine"],
    ["docker.io", "org/app"],
    ["index.docker.io", "org/app"],
    ["docker.io/library", "alpine"],
    ["docker.io/library/alpine", "alpine:3"],
    ["docker.io/org", "org/app"],
    ["docker.io/org/app", "docker.io/org/app"],
    ["org", "org/app"],
    ["org/app", "docker.io/org/app"],
  ])("%s covers %s", (entry, image) => {
    expect(under(entry, image)).toBe(true);
  });

  it.each([
    ["gcr.io/p/app", "gcr.io/p/app-evil"],
    ["gcr.io/p/app", "gcr.io/p/ap"],
    ["gcr.io/p/app/", "gcr.io/p/app-evil"],
    ["gcr.io/p", "gcr.io/p-evil/app"],
    ["gcr.io/p", "gcr.io.evil.example/p/app"],
    ["gcr.io/p", "us.gcr.io/p/app"],
    ["gcr.io", "gcr.io:8443/p/app"],
    ["localhost:5000", "localhost:5001/app"],
    ["docker.io/org", "org-evil/app"],
    ["docker.io/alpine", "alpine/app-of-somebody/x/../.."],
  ])("%s does not cover %s", (entry, image) => {
    const covers = () => under(entry, image);
    if (image.includes("..")) expect(covers).toThrow();
    else expect(covers()).toBe(false);
  });

  it.each([
    "",
    "/",
    "gcr.io/p/app:v1",
    `gcr.io/p/app@sha256:${"a".repeat(64)}`,
    "gcr.io/P",
    "https://gcr.io/p",
    "gcr.io/*",
    "../p",
  ])("is a configuration error where it is no registry and no path: %j", (entry) => {
    expect(() => parseValidRepo(entry)).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(JSON.stringify(entry)) }),
    );
  });

  it("is a path and no image: an organisation of Docker Hub is not its official image", () => {
    expect(under("docker.io/alpine", "alpine/app")).toBe(true);
    expect(under("docker.io/alpine", "alpine")).toBe(false);
  });
});

describe("the hosts that valid_repos names", () => {
  const repos = ["gcr.io/p", "localhost:5000"].map(parseValidRepo);

  it.each([
    ["gcr.io/p/app", true],
    ["gcr.io/other/app", true],
    ["localhost:5000/app", true],
    ["localhost:50001/app", false],
    ["gcr.io:443/p/app", false],
    ["us.gcr.io/p/app", false],
    ["gcr.i/p/app", false],
    ["alpine", false],
  ])("%s: %s", (image, expected) => {
    expect(namesHost(repos, parseReference(image))).toBe(expected);
  });

  it("are none where the list is empty", () => {
    expect(namesHost([], parseReference("gcr.io/p/app"))).toBe(false);
    expect(liesUnder(parseReference("gcr.io/p/app"), [])).toBe(false);
  });
});
