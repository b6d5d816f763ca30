import { describe, expect, it } from "vitest";
import { createEvidenceSource } from "../../lib/evidence/evidence.ts";
import { canonical } from "../../lib/image/reference.ts";
import type { Commit, Evidence, Source } from "../../lib/ports.ts";
import { platformImage } from "../support/fake-images.ts";
import { protoJsonErrors } from "../support/proto-json.ts";
import {
  AT,
  INDEX,
  platformsOfIndex,
  seedBuild,
  seedScan,
  seedVulnerability,
  startEvidence,
  unhurried,
} from "./stack.ts";

const SOURCE: Source = { url: "https://github.com/acme/app", revision: "a".repeat(40) };
const COMMIT = { repository: "acme/app" } as Commit;

/** What every check together wants to know of an image, some of it twice. */
async function askEverything(all: readonly Evidence[]) {
  await Promise.all(
    all.map(async (evidence) => {
      await evidence.imageConfig();
      const builds = await evidence.builds();
      await Promise.all([evidence.builds(), evidence.vulnerabilities(), evidence.vulnerabilities()]);
      const sources = "found" in builds ? builds.found.flatMap(({ sources }) => sources) : [];
      await Promise.all(sources.map((source) => evidence.commit(source)));
    }),
  );
}

describe("a review of an index of eight platforms, with all checks", () => {
  async function review() {
    const asked: Source[] = [];
    const commitOf = async (source: Source) => {
      asked.push(source);
      return COMMIT;
    };
    const stack = await startEvidence({ commitOf });
    const images = platformsOfIndex();
    const [first] = images;
    if (first === undefined) throw new Error("there are no images");
    const context = { git: { url: SOURCE.url, revisionId: SOURCE.revision } };
    const provenance = { projectId: "builds", creator: "me", sourceProvenance: { context } };
    seedBuild(stack, canonical(first.reference, INDEX), { provenance });
    for (const { reference } of images) {
      seedScan(stack, reference);
      seedVulnerability(stack, reference, "CVE-2026-1");
    }
    await askEverything(stack.of(images));
    return { ...stack, images, asked };
  }

  it("asks for the build records of its nine digests in two lists", async () => {
    const { lists, images } = await review();
    const sizes = lists("BUILD").map((digests) => digests.length);
    expect(sizes.toSorted()).toEqual([4, 5]);
    const all = [INDEX, ...images.map(({ reference }) => reference.digest)];
    expect(lists("BUILD").flat().toSorted()).toEqual(all.toSorted());
  });

  it("asks how far the scans of its eight images are in two lists", async () => {
    const { lists, images } = await review();
    expect(lists("DISCOVERY")).toHaveLength(2);
    const all = images.map(({ reference }) => reference.digest);
    expect(lists("DISCOVERY").flat().toSorted()).toEqual(all.toSorted());
  });

  it("asks for the vulnerabilities of each platform in a list of its own", async () => {
    const { lists, images } = await review();
    expect(lists("VULNERABILITY").toSorted()).toEqual(
      images.map(({ reference }) => [reference.digest]).toSorted(),
    );
  });

  it("asks about their one commit once", async () => {
    expect((await review()).asked).toEqual([SOURCE]);
  });

  it("makes no request besides, and each is valid by Google's schema", async () => {
    const { requests } = await review();
    expect(requests).toHaveLength(2 + 2 + 8);
    for (const { method, path, query } of requests) {
      const { pageSize, ...rest } = Object.fromEntries(query);
      const message = { parent: path.slice(4, -12), pageSize: Number(pageSize), ...rest };
      expect([method, message.parent]).toEqual(["GET", "projects/project"]);
      expect(protoJsonErrors("grafeas.v1.ListOccurrencesRequest", message)).toEqual([]);
    }
  });
});

describe("the evidence of a review", () => {
  it("is asked for when a check needs it, and not before", async () => {
    const stack = await startEvidence();
    const [evidence] = stack.of(platformsOfIndex());
    expect(await evidence?.imageConfig()).toMatchObject({});
    expect(stack.requests).toHaveLength(0);
    await evidence?.builds();
    expect(stack.lists("DISCOVERY")).toHaveLength(0);
  });

  it("comes in the order of the images, at the moment of the review", async () => {
    const images = platformsOfIndex(3);
    const all = (await startEvidence()).of(images);
    expect(all.map(({ image, at }) => [image, at])).toEqual(images.map((image) => [image, AT]));
  });

  it("is asked for anew by the next review", async () => {
    const stack = await startEvidence();
    const image = platformImage("linux/amd64");
    await stack.ofOne(image).builds();
    seedBuild(stack, image.reference);
    expect(await stack.ofOne(image).builds()).toHaveProperty("found");
    expect(stack.lists("BUILD")).toHaveLength(2);
  });

  it("is asked for once also where it cannot be had", async () => {
    const stack = await startEvidence({}, { before: () => ({ status: 403, body: "{}" }) });
    const evidence = stack.ofOne(platformImage("linux/amd64"));
    for (let time = 0; time < 2; time += 1)
      await expect(evidence.builds()).rejects.toMatchObject({ code: "forbidden" });
    expect(stack.requests).toHaveLength(1);
  });

  it("ends with the review", async () => {
    const stack = await startEvidence();
    const source = createEvidenceSource(() => AT, { occurrences: stack.occurrences });
    const [evidence] = source.of([platformImage("linux/amd64")], AbortSignal.abort());
    await expect(evidence?.builds()).rejects.toMatchObject({ code: "cancelled" });
    await expect(evidence?.vulnerabilities()).rejects.toMatchObject({ code: "cancelled" });
  });

  it("makes of every spelling of a repository's address one query", async () => {
    let queries = 0;
    const commitOf = async () => {
      queries += 1;
      return COMMIT;
    };
    const [one, other] = (await startEvidence({ commitOf })).of(platformsOfIndex(2));
    for (const url of [SOURCE.url, `git+${SOURCE.url}@refs/heads/main`, "git@github.com:Acme/app.git"]) {
      expect(await one?.commit({ ...SOURCE, url })).toBe(COMMIT);
      expect(await other?.commit({ ...SOURCE, url })).toBe(COMMIT);
    }
    expect(queries).toBe(1);
    await one?.commit({ ...SOURCE, revision: "b".repeat(40) });
    await one?.commit({ ...SOURCE, url: "https://gitlab.com/acme/app" });
    expect(queries).toBe(3);
  });
});

describe("evidence that nothing is configured for", () => {
  const [bare] = createEvidenceSource(() => AT).of([platformImage("linux/amd64")], unhurried());

  it.each([
    ["build records", () => bare?.builds(), /metadata_client/],
    ["vulnerabilities", () => bare?.vulnerabilities(), /metadata_client/],
    ["a commit", () => bare?.commit(SOURCE), /\[repository\.ALIAS\]/],
  ])("is an error that names the setting: %s", async (_what, ask, setting) => {
    await expect(ask()).rejects.toMatchObject({ code: "config", message: expect.stringMatching(setting) });
  });

  it("is an error for an image whose name carries no project, without a request", async () => {
    const stack = await startEvidence();
    const evidence = stack.ofOne(platformImage("linux/amd64", { repository: "docker.io/acme/app" }));
    for (const ask of [evidence.builds, evidence.vulnerabilities])
      await expect(ask()).rejects.toMatchObject({
        code: "config",
        retryable: false,
        message: expect.stringContaining("set image_project"),
      });
    expect(stack.requests).toHaveLength(0);
  });
});
