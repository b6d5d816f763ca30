import { describe, expect, it } from "vitest";
import { createAnnouncements } from "../../lib/evidence/announced.ts";
import { platformImage } from "../support/fake-images.ts";
import {
  FINISHED,
  PROJECT,
  SCAN_NOTE,
  seedBuild,
  seedScan,
  seedVulnerability,
  startEvidence,
  unhurried,
} from "./stack.ts";

const { reference } = platformImage("linux/amd64");

async function start() {
  const stack = await startEvidence({}, { location: "us" });
  const announcements = createAnnouncements(stack.occurrences);
  return { ...stack, read: (name: string) => announcements.read(name, unhurried()) };
}

describe("an announced occurrence", () => {
  it("of a build record names the image that was built, in one request", async () => {
    const stack = await start();
    const { name } = seedBuild(stack, reference);
    expect(await stack.read(name)).toEqual({ image: reference, unfinished: false });
    expect(stack.requests.map(({ path }) => path)).toEqual([`/v1/${name}`]);
  });

  it.each([
    ["PENDING", true],
    ["SCANNING", true],
    ["ANALYSIS_STATUS_UNSPECIFIED", true],
    ["FINISHED_SUCCESS", false],
    ["FINISHED_FAILED", false],
    ["FINISHED_UNSUPPORTED", false],
  ])("of a scan that is %s says whether it is unfinished: %s", async (analysisStatus, unfinished) => {
    const stack = await start();
    const { name } = seedScan(stack, reference, { analysisStatus });
    expect(await stack.read(name)).toEqual({ image: reference, unfinished });
  });

  it("names its image without https:// too", async () => {
    const stack = await start();
    const resourceUri = `gcr.io/project/app@${reference.digest}`;
    const { name } = stack.grafeas.seed(PROJECT, { noteName: SCAN_NOTE, resourceUri, discovery: FINISHED });
    expect(await stack.read(name)).toMatchObject({ image: reference });
  });

  it.each([
    ["https://gcr.io/project/app:v1"],
    ["https://gcr.io/project/app"],
    ["https://us-maven.pkg.dev/project/repo/com.acme:app:1.0"],
    ["https://gcr.io/project/app@md5:0"],
    ["projects/p/instances/i"],
  ])("is nothing to review where its resource is no image with a digest: %s", async (resourceUri) => {
    const stack = await start();
    const { name } = stack.grafeas.seed(PROJECT, { noteName: SCAN_NOTE, resourceUri, discovery: FINISHED });
    expect(await stack.read(name)).toBeUndefined();
  });

  it("is nothing to review where it is of another kind, or a discovery of something else", async () => {
    const stack = await start();
    const vulnerability = seedVulnerability(stack, reference, "CVE-2026-1");
    const sbom = stack.seed(reference, "projects/goog-analysis/notes/SBOM", { discovery: FINISHED });
    expect(await stack.read(vulnerability.name)).toBeUndefined();
    expect(await stack.read(sbom.name)).toBeUndefined();
  });

  it("that is gone is nothing to review", async () => {
    const { read } = await start();
    expect(await read("projects/project/locations/us/occurrences/gone")).toBeUndefined();
  });

  it("that cannot be read is an error", async () => {
    const stack = await startEvidence({}, { before: () => ({ status: 403, body: "{}" }) });
    const { read } = createAnnouncements(stack.occurrences);
    await expect(read("projects/p/occurrences/o", unhurried())).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("containeranalysis.occurrences.get on project p"),
    });
  });

  it("is not asked for under a name that is none", async () => {
    const { read, requests } = await start();
    for (const name of ["projects/p/occurrences/..", "projects/p/notes/n", "x?y"])
      await expect(read(name)).rejects.toMatchObject({ code: "malformed" });
    expect(requests).toHaveLength(0);
  });
});
