import { describe, expect, it } from "vitest";
import { digestOf } from "../../lib/image/digest.ts";
import { canonical } from "../../lib/image/reference.ts";
import { platformImage } from "../support/fake-images.ts";
import { INDEX, PROJECT, platformsOfIndex, seedBuild, startEvidence } from "./stack.ts";

const OUTER = digestOf(Buffer.from("the index of indexes"));
const image = platformImage("linux/amd64", { via: [OUTER, INDEX] });
const { reference } = image;
const by = (creator: string) => ({ provenance: { projectId: "builds", creator } });

async function buildersOf(stack: Awaited<ReturnType<typeof startEvidence>>, of = image) {
  const builds = await stack.ofOne(of).builds();
  return "found" in builds ? builds.found.map(({ builder }) => builder) : builds;
}

describe("the build records of an image", () => {
  it("say who built what, where and from which source", async () => {
    const stack = await startEvidence();
    const git = { url: "https://github.com/acme/app", revisionId: "a".repeat(40) };
    const builtArtifacts = [{ checksum: reference.digest, id: "gcr.io/project/app", names: ["v1"] }];
    const sourceProvenance = { context: { git } };
    const provenance = { ...by("me").provenance, builtArtifacts, sourceProvenance };
    const { name } = seedBuild(stack, reference, { provenance });
    expect(await stack.ofOne(image).builds()).toEqual({
      found: [
        {
          id: name,
          builder: "me",
          project: "builds",
          artifacts: [reference.digest],
          sources: [{ url: git.url, revision: git.revisionId }],
        },
      ],
    });
  });

  it("are all of them, where there are several", async () => {
    const stack = await startEvidence();
    for (const creator of ["one", "two", "three"]) seedBuild(stack, reference, by(creator));
    expect(await buildersOf(stack)).toEqual(["one", "two", "three"]);
  });

  it("are those of its own digest, and not of its indexes, where it has any", async () => {
    const stack = await startEvidence();
    seedBuild(stack, canonical(reference, INDEX), by("index"));
    seedBuild(stack, reference, by("own"));
    expect(await buildersOf(stack)).toEqual(["own"]);
  });

  it("are those of every index that led to it, the nearest first, where it has none", async () => {
    const stack = await startEvidence();
    seedBuild(stack, canonical(reference, OUTER), by("outer"));
    seedBuild(stack, canonical(reference, INDEX), by("inner"));
    expect(await buildersOf(stack)).toEqual(["inner", "outer"]);
  });

  it("are never those of the same digest in another repository", async () => {
    const stack = await startEvidence();
    seedBuild(stack, { ...reference, repository: "project/other" });
    expect(await buildersOf(stack)).toHaveProperty("awaiting", "build");
  });

  it("are found also where their producer leaves out https://", async () => {
    const stack = await startEvidence();
    const { grafeas, of } = stack;
    grafeas.seed(PROJECT, {
      noteName: "projects/builder/notes/build",
      resourceUri: `gcr.io/project/app@${reference.digest}`,
      build: by("bare"),
    });
    expect(await of([image])[0]?.builds()).toMatchObject({ found: [{ builder: "bare" }] });
  });

  it("leave out one that cannot be read, and say so", async () => {
    const stack = await startEvidence();
    const unknown = { build: { provenanceBytes: "e30=" } };
    const { name } = stack.seed(reference, "projects/builder/notes/build", unknown);
    seedBuild(stack, reference, by("me"));
    expect(await buildersOf(stack)).toEqual(["me"]);
    expect(stack.observer.entries).toEqual([
      {
        severity: "WARNING",
        message: "an occurrence cannot be read and is passed over",
        fields: { occurrence: name },
      },
    ]);
  });
});

describe("the fallback project of build records", () => {
  const options = { buildDetailFallbackProject: "fallback" };

  it("is asked about images without a record in their own, and about no others", async () => {
    const stack = await startEvidence(options);
    const [one, other] = platformsOfIndex(2);
    if (one === undefined || other === undefined) throw new Error("there are no images");
    seedBuild(stack, one.reference, by("own"));
    seedBuild(stack, one.reference, by("unasked"), "fallback");
    seedBuild(stack, other.reference, by("fallback"), "fallback");
    const [ofOne, ofOther] = stack.of([one, other]);
    expect(await ofOne?.builds()).toMatchObject({ found: [{ builder: "own" }] });
    expect(await ofOther?.builds()).toMatchObject({ found: [{ builder: "fallback" }] });
    expect(stack.requests.map(({ path }) => path)).toEqual([
      "/v1/projects/project/occurrences",
      "/v1/projects/fallback/occurrences",
    ]);
    expect(stack.lists("BUILD")[1]).not.toContain(one.reference.digest);
  });

  it("comes after the indexes of the image's own project", async () => {
    const stack = await startEvidence(options);
    seedBuild(stack, reference, by("fallback"), "fallback");
    expect(await buildersOf(stack)).toEqual(["fallback"]);
    seedBuild(stack, canonical(reference, INDEX), by("own"));
    expect(await buildersOf(stack)).toEqual(["own"]);
  });

  it("is not asked twice where it is the image's own", async () => {
    const stack = await startEvidence({ buildDetailFallbackProject: PROJECT });
    await buildersOf(stack);
    expect(stack.requests).toHaveLength(1);
  });

  it("is the only one asked about an image whose name carries no project", async () => {
    const stack = await startEvidence(options);
    const stranger = platformImage("linux/amd64", { repository: "ghcr.io/acme/app" });
    seedBuild(stack, stranger.reference, by("fallback"), "fallback");
    expect(await buildersOf(stack, stranger)).toEqual(["fallback"]);
  });
});

describe("an image without a build record", () => {
  it("awaits one, and the reason says where it was looked for and why it may never come", async () => {
    const stack = await startEvidence({ buildDetailFallbackProject: "fallback" });
    expect(await stack.ofOne(image).builds()).toEqual({
      awaiting: "build",
      reason: expect.stringMatching(
        /no build record of gcr\.io\/project\/app@sha256:\w+ in project project or fallback yet \(Cloud Build writes none for an image that a build step pushed itself/,
      ),
    });
  });
});

describe("a review of images of several projects", () => {
  it("asks each project about its own", async () => {
    const stack = await startEvidence({ imageProject: "elsewhere" });
    const stranger = platformImage("linux/amd64", { repository: "ghcr.io/acme/app" });
    seedBuild(stack, stranger.reference, by("elsewhere"), "elsewhere");
    seedBuild(stack, reference, by("own"));
    const builds = await Promise.all(stack.of([image, stranger]).map((evidence) => evidence.builds()));
    expect(builds).toMatchObject([{ found: [{ builder: "own" }] }, { found: [{ builder: "elsewhere" }] }]);
    expect(stack.requests).toHaveLength(2);
  });
});

describe("build records that cannot be had", () => {
  it("are an error, and never none", async () => {
    const stack = await startEvidence({}, { before: () => ({ status: 403, body: "{}" }) });
    await expect(stack.ofOne(image).builds()).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("containeranalysis.occurrences.list on project project"),
    });
  });

  it("are an error also where only the fallback project refuses", async () => {
    const refuse = ({ path }: { readonly path: string }) =>
      path.includes("fallback") ? { status: 403, body: "{}" } : undefined;
    const stack = await startEvidence({ buildDetailFallbackProject: "fallback" }, { before: refuse });
    await expect(stack.ofOne(image).builds()).rejects.toMatchObject({ code: "forbidden" });
  });
});
