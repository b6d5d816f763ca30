import { describe, expect, it } from "vitest";
import { canonical } from "../../lib/image/reference.ts";
import { platformImage } from "../support/fake-images.ts";
import {
  FINISHED,
  INDEX,
  PROJECT,
  platformsOfIndex,
  SCAN_NOTE,
  seedScan,
  seedVulnerability,
  startEvidence,
} from "./stack.ts";

const image = platformImage("linux/amd64", { via: [INDEX] });
const { reference } = image;
const arm64 = platformImage("linux/arm64", { via: [INDEX] });

async function idsOf(stack: Awaited<ReturnType<typeof startEvidence>>, of = image) {
  const vulnerabilities = await stack.ofOne(of).vulnerabilities();
  return "found" in vulnerabilities ? vulnerabilities.found.map(({ id }) => id) : vulnerabilities;
}

describe("the vulnerabilities of a scanned image", () => {
  it("have a severity, a package and a fix", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    const fixedVersion = { kind: "NORMAL", epoch: 1, name: "3.0.8", revision: "2", fullName: "1:3.0.8-2" };
    const issue = { affectedPackage: "openssl", effectiveSeverity: "CRITICAL", fixAvailable: true };
    const packageIssue = [{ ...issue, fixedVersion }];
    seedVulnerability(stack, reference, "CVE-2026-1", { packageIssue });
    expect(await stack.ofOne(image).vulnerabilities()).toEqual({
      found: [
        {
          id: "CVE-2026-1",
          severity: "critical",
          package: "openssl",
          fixable: true,
          fixedIn: "1:3.0.8-2",
        },
      ],
    });
  });

  it("may be none", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    expect(await idsOf(stack)).toEqual([]);
  });

  it("are read from every page", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    const ids = Array.from({ length: 2345 }, (_, at) => `CVE-2026-${at}`);
    for (const id of ids) seedVulnerability(stack, reference, id);
    expect(await idsOf(stack)).toEqual(ids);
    expect(stack.lists("VULNERABILITY")).toHaveLength(3);
  });

  it("are each listed once, however often a package lies in the image", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    const issue = { affectedPackage: "lodash", effectiveSeverity: "HIGH" };
    const packageIssue = [
      { ...issue, fileLocation: [{ filePath: "/a" }] },
      { ...issue, fileLocation: [{ filePath: "/b" }] },
      { ...issue, affectedPackage: "underscore" },
    ];
    seedVulnerability(stack, reference, "GHSA-x", { packageIssue });
    expect(await stack.ofOne(image).vulnerabilities()).toMatchObject({
      found: [{ package: "lodash" }, { package: "underscore" }],
    });
  });

  it("fail to be read as a whole where one cannot be read: without it the image would look better than it is", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    const { name } = stack.grafeas.seed(PROJECT, {
      noteName: "projects/goog-vulnz/notes/CVE-2026-1",
      resourceUri: `https://gcr.io/project/app@${reference.digest}`,
      vulnerability: { packageIssue: "many" },
    });
    await expect(stack.ofOne(image).vulnerabilities()).rejects.toMatchObject({
      code: "malformed",
      retryable: false,
      message: `the VULNERABILITY occurrence "${name}" cannot be read`,
    });
  });
});

describe("a scan of another digest", () => {
  it("of its index says nothing of an image", async () => {
    const stack = await startEvidence();
    seedScan(stack, canonical(reference, INDEX));
    expect(await idsOf(stack)).toMatchObject({ awaiting: "scan" });
    await expect(stack.ofOne(arm64).vulnerabilities()).rejects.toMatchObject({ code: "no-evidence" });
    expect(stack.lists("VULNERABILITY")).toEqual([]);
  });

  it("of another platform says nothing either, nor do its vulnerabilities", async () => {
    const stack = await startEvidence();
    seedScan(stack, reference);
    seedScan(stack, arm64.reference);
    seedVulnerability(stack, arm64.reference, "CVE-2026-1");
    expect(await idsOf(stack)).toEqual([]);
    expect(await idsOf(stack, arm64)).toEqual(["CVE-2026-1"]);
  });
});

describe("a discovery under another note", () => {
  it("says nothing of vulnerabilities", async () => {
    const stack = await startEvidence();
    for (const note of ["projects/goog-analysis/notes/SBOM", "projects/other/notes/PACKAGE_VULNERABILITY"])
      stack.seed(reference, note, { discovery: FINISHED });
    expect(await idsOf(stack)).toMatchObject({ awaiting: "scan" });
  });
});

describe("a scan that is not over", () => {
  it.each([
    ["begun", { analysisStatus: "SCANNING" }],
    ["waiting", { analysisStatus: "PENDING" }],
    ["without a status", {}],
  ])("is awaited since its discovery, and nothing is asked for yet: %s", async (_how, discovery) => {
    const stack = await startEvidence();
    const { createTime } = seedScan(stack, reference, discovery);
    expect(await stack.ofOne(image).vulnerabilities()).toMatchObject({
      awaiting: "scan",
      since: new Date(createTime),
    });
    expect(stack.lists("VULNERABILITY")).toEqual([]);
  });

  it("is found over by the next review", async () => {
    const stack = await startEvidence();
    const { name } = seedScan(stack, reference, { analysisStatus: "SCANNING" });
    seedVulnerability(stack, reference, "CVE-2026-1");
    expect(await idsOf(stack)).toHaveProperty("awaiting");
    stack.grafeas.amend(name, { discovery: { analysisStatus: "COMPLETE" } });
    expect(await idsOf(stack)).toEqual(["CVE-2026-1"]);
  });
});

describe("scans of a review whose platforms differ", () => {
  it("decide each platform on its own", async () => {
    const stack = await startEvidence({ imageProject: PROJECT });
    const images = platformsOfIndex(4, "ghcr.io/acme/app");
    const [finished, failed, running] = images;
    if (finished === undefined || failed === undefined || running === undefined) throw new Error("too few");
    seedScan(stack, finished.reference);
    const analysisStatusError = { code: 3, message: "layer 2 is corrupt" };
    seedScan(stack, failed.reference, { analysisStatus: "FINISHED_FAILED", analysisStatusError });
    seedScan(stack, running.reference, { analysisStatus: "SCANNING" });
    const settled = await Promise.allSettled(stack.of(images).map((evidence) => evidence.vulnerabilities()));
    expect(settled).toMatchObject([
      { value: { found: [] } },
      { reason: { code: "unsupported", message: expect.stringContaining("(layer 2 is corrupt)") } },
      { value: { awaiting: "scan", since: expect.any(Date) } },
      { value: { awaiting: "scan" } },
    ]);
    expect(stack.lists("DISCOVERY")).toHaveLength(1);
    expect(stack.lists("VULNERABILITY")).toEqual([[finished.reference.digest]]);
  });
});

describe("the project that holds the scans", () => {
  it.each(["scans", "projects/scans", "projects/scans/notes/"])(
    "is vul_project besides the image's own, and is read as Voucher's users wrote it: %s",
    async (vulnerabilityProject) => {
      const stack = await startEvidence({ vulnerabilityProject });
      stack.seed(reference, SCAN_NOTE, { discovery: FINISHED }, "scans");
      const vulnerability = { packageIssue: [{ affectedPackage: "zlib" }] };
      stack.seed(reference, "projects/x/notes/CVE-2026-1", { vulnerability }, "scans");
      seedVulnerability(stack, reference, "CVE-2026-2");
      expect(await idsOf(stack)).toEqual(["CVE-2026-2", "CVE-2026-1"]);
    },
  );

  it("may be vul_project alone, for an image whose name carries no project", async () => {
    const stack = await startEvidence({ vulnerabilityProject: "scans" });
    const stranger = platformImage("linux/amd64", { repository: "ghcr.io/acme/app" });
    stack.seed(stranger.reference, SCAN_NOTE, { discovery: FINISHED }, "scans");
    expect(await idsOf(stack, stranger)).toEqual([]);
  });

  it("is each image's own in a review of images of several projects", async () => {
    const stack = await startEvidence({ imageProject: "elsewhere" });
    const stranger = platformImage("linux/amd64", { repository: "ghcr.io/acme/app" });
    seedScan(stack, reference);
    seedScan(stack, stranger.reference, FINISHED, "elsewhere");
    const all = stack.of([image, stranger]).map((evidence) => evidence.vulnerabilities());
    expect(await Promise.all(all)).toEqual([{ found: [] }, { found: [] }]);
  });
});
