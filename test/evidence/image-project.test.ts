import { describe, expect, it } from "vitest";
import { projectInName, projectOfImage } from "../../lib/evidence/image-project.ts";
import { parseReference } from "../../lib/image/reference.ts";

describe("the project in an image's name", () => {
  it.each([
    ["gcr.io/my-project/app", "my-project"],
    ["gcr.io/my-project/team/app", "my-project"],
    // Voucher knew gcr.io alone.
    ["us.gcr.io/my-project/app", "my-project"],
    ["eu.gcr.io/my-project/app:v1", "my-project"],
    ["gcr.io/example.com/my-project/app", "example.com:my-project"],
    ["asia.gcr.io/example.com/my-project/team/app", "example.com:my-project"],
    ["europe-west1-docker.pkg.dev/my-project/repo/app", "my-project"],
    ["us-docker.pkg.dev/my-project/repo/team/app", "my-project"],
    ["us-docker.pkg.dev/example.com/my-project/repo/app", "example.com:my-project"],
  ])("is read from %s", (name, project) => {
    expect(projectInName(parseReference(name))).toBe(project);
  });

  it.each([
    ["another host's", "ghcr.io/acme/app"],
    ["Docker Hub's", "alpine"],
    ["a look-alike's", "gcr.io.example.com/my-project/app"],
    ["another look-alike's", "notgcr.io/my-project/app"],
    ["Docker Hub's mirror's", "mirror.gcr.io/library/alpine"],
    ["one too short for Container Registry", "gcr.io/app"],
    ["one too short for Artifact Registry", "us-docker.pkg.dev/my-project/app"],
    ["one that ends after its domain-scoped project", "gcr.io/example.com/my-project"],
  ])("is not there in %s: %s", (_whose, name) => {
    expect(projectInName(parseReference(name))).toBeUndefined();
  });
});

describe("the project that is asked about an image", () => {
  it("is the one in its name, whatever image_project says", () => {
    expect(projectOfImage(parseReference("gcr.io/mine/app"), "other")).toBe("mine");
  });

  it("is image_project for an image of another host", () => {
    expect(projectOfImage(parseReference("ghcr.io/acme/app"), "mine")).toBe("mine");
  });

  it("is missing where neither says it, which is an error that names the setting", () => {
    expect(() => projectOfImage(parseReference("ghcr.io/acme/app:v1"), undefined)).toThrow(
      expect.objectContaining({
        code: "config",
        message: expect.stringMatching(/ghcr\.io\/acme\/app:v1 .*; set image_project$/),
      }),
    );
  });
});
