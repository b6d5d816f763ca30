import { describe, expect, it } from "vitest";
import { createAnnouncements } from "../../lib/evidence/announced.ts";
import { createEvidenceSource, type EvidenceOptions } from "../../lib/evidence/evidence.ts";
import { createOpenSourceGrafeas } from "../../lib/grafeas/open-source.ts";
import { openSourceEndpoint } from "../../lib/grafeas/open-source-endpoint.ts";
import { canonical, formatReference, type Reference } from "../../lib/image/reference.ts";
import type { PlatformImage } from "../../lib/image/resolved.ts";
import { AT, INDEX, PROJECT, platformsOfIndex } from "../evidence/stack.ts";
import { restTo } from "../google/scripted.ts";
import { platformImage } from "../support/fake-images.ts";
import { recordingObserver } from "../support/fake-ports.ts";
import { type OpenSourceServer, realServer, startFake, startReal } from "./open-source-server.ts";

const image = platformImage("linux/arm64", { via: [INDEX] });
const { reference } = image;
const unhurried = () => new AbortController().signal;

function read(server: OpenSourceServer, options: EvidenceOptions = {}) {
  const observer = recordingObserver();
  const occurrences = createOpenSourceGrafeas({ rest: restTo(openSourceEndpoint(server.url)), observer });
  const source = createEvidenceSource(() => AT, { occurrences, ...options });
  return {
    observer,
    occurrences,
    of: (images: readonly PlatformImage[]) => source.of(images, unhurried()),
    ofOne(of = image) {
      const [evidence] = source.of([of], unhurried());
      if (evidence === undefined) throw new Error("no evidence was made");
      return evidence;
    },
  };
}

const on = (image: Reference) => ({ resource: { uri: `https://${formatReference(image)}` } });
const scan = (analysisStatus: string) => ({
  noteName: "projects/scanner/notes/scan",
  discovered: { discovered: { analysisStatus } },
});
const vulnerability = (id: string, more: object = {}) => ({
  noteName: `projects/scanner/notes/${id}`,
  vulnerability: {
    effectiveSeverity: "HIGH",
    packageIssue: [
      {
        affectedLocation: {
          cpeUri: "cpe:/o:debian",
          package: "openssl",
          version: { name: "1", kind: "NORMAL" },
        },
        fixedLocation: {
          cpeUri: "cpe:/o:debian",
          package: "openssl",
          version: { name: "2", kind: "NORMAL" },
        },
      },
    ],
    ...more,
  },
});
const build = (creator: string) => ({
  noteName: "projects/builder/notes/build",
  build: {
    provenance: {
      id: "1",
      projectId: "builds",
      creator,
      builtArtifacts: [{ checksum: reference.digest, id: "gcr.io/project/app" }],
      sourceProvenance: {
        context: { git: { url: "https://github.com/acme/app", revisionId: "a".repeat(40) } },
      },
    },
  },
});

const program = realServer();
if (program === undefined)
  console.warn(
    "only on a fake: the open-source Grafeas, since this machine lacks grafeas-server (build github.com/grafeas/grafeas/go/v1beta1/main, v0.2.3)",
  );
const SERVERS: readonly (readonly [string, () => Promise<OpenSourceServer>])[] = [
  ["as we imitate it", () => startFake()],
  ...(program === undefined ? [] : [["for real", () => startReal(program)] as const]),
];

describe.each(SERVERS)("the open-source Grafeas server, %s", (_which, start) => {
  it("holds build records, of an image or of its index", async () => {
    const server = await start();
    const name = await server.create(PROJECT, { ...build("me"), ...on(canonical(reference, INDEX)) });
    expect(await read(server).ofOne().builds()).toEqual({
      found: [
        {
          id: name,
          builder: "me",
          project: "builds",
          artifacts: [reference.digest],
          sources: [{ url: "https://github.com/acme/app", revision: "a".repeat(40) }],
        },
      ],
    });
  });

  it("holds finished scans and what they found, on any platform", async () => {
    const server = await start();
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { ...vulnerability("CVE-2026-1"), ...on(reference) });
    expect(await read(server).ofOne().vulnerabilities()).toEqual({
      found: [{ id: "CVE-2026-1", severity: "high", package: "openssl", fixable: true, fixedIn: "2" }],
    });
  });

  it("answers more than was asked for, and that is left out", async () => {
    const server = await start();
    const other = platformImage("linux/amd64").reference;
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { ...vulnerability("CVE-2026-1"), ...on(other) });
    await server.create(`${PROJECT}-2`, { ...vulnerability("CVE-2026-2"), ...on(reference) });
    await server.create(PROJECT, { ...build("me"), ...on(other) });
    const evidence = read(server).ofOne();
    expect(await evidence.vulnerabilities()).toEqual({ found: [] });
    expect(await evidence.builds()).toHaveProperty("awaiting", "build");
  });

  it("is waited for while it scans, and since when is said", async () => {
    const server = await start();
    await server.create(PROJECT, { ...scan("SCANNING"), ...on(reference) });
    expect(await read(server).ofOne().vulnerabilities()).toMatchObject({
      awaiting: "scan",
      since: expect.any(Date),
    });
  });

  it("is waited for where it knows nothing yet, whatever the platform", async () => {
    expect(
      await read(await start())
        .ofOne()
        .vulnerabilities(),
    ).toMatchObject({ awaiting: "scan" });
  });

  it("keeps scans in vul_project too, where that is set, and build records in the image's own", async () => {
    const server = await start();
    await server.create("scans", { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { ...build("me"), ...on(reference) });
    const evidence = read(server, { vulnerabilityProject: "scans" }).ofOne();
    expect(await evidence.vulnerabilities()).toEqual({ found: [] });
    expect(await evidence.builds()).toMatchObject({ found: [{ builder: "me" }] });
  });

  it("is read to its last page", async () => {
    const server = await start();
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    for (let at = 0; at < 1100; at += 1)
      await server.create(PROJECT, { ...vulnerability(`CVE-2026-${at}`), ...on(reference) });
    const vulnerabilities = await read(server).ofOne().vulnerabilities();
    expect("found" in vulnerabilities && vulnerabilities.found).toHaveLength(1100);
  });

  it("tells what an announced occurrence is about", async () => {
    const server = await start();
    const name = await server.create(PROJECT, { ...scan("SCANNING"), ...on(reference) });
    const announcements = createAnnouncements(read(server).occurrences);
    expect(await announcements.read(name, unhurried())).toEqual({ image: reference, unfinished: true });
    expect(await announcements.read(`${name}-gone`, unhurried())).toBeUndefined();
  });
});

describe("a review by the open-source Grafeas server", () => {
  it("reads SLSA 1 provenance, which servers after v0.2.3 hold", async () => {
    const server = await startFake();
    const digest = { sha256: reference.digest.slice("sha256:".length) };
    const inTotoSlsaProvenanceV1 = {
      subject: [{ name: "gcr.io/project/app", digest }],
      predicate: {
        buildDefinition: {
          resolvedDependencies: [{ uri: "git+https://github.com/acme/app", digest: { sha1: "b" } }],
        },
        runDetails: { builder: { id: "https://builder.example.com" } },
      },
    };
    const noteName = "projects/builder/notes/build";
    await server.create(PROJECT, { noteName, build: { inTotoSlsaProvenanceV1 }, ...on(reference) });
    expect(await read(server).ofOne().builds()).toMatchObject({
      found: [{ builder: "https://builder.example.com", artifacts: [reference.digest] }],
    });
  });

  it("lists a project once, whatever is asked about however many platforms, and sends no filter", async () => {
    const server = await startFake();
    const images = platformsOfIndex();
    for (const { reference } of images) {
      await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
      await server.create(PROJECT, { ...vulnerability("CVE-2026-1"), ...on(reference) });
      await server.create(PROJECT, { ...build("me"), ...on(reference) });
    }
    const created = server.requests.length;
    const found = await Promise.all(
      read(server)
        .of(images)
        .flatMap((evidence) => [evidence.builds(), evidence.vulnerabilities()]),
    );
    expect(found.every((one) => "found" in one && one.found.length === 1)).toBe(true);
    const asked = server.requests.slice(created);
    expect(asked.map(({ path }) => path)).toEqual(["/v1beta1/projects/project/occurrences"]);
    expect(asked[0]?.query.has("filter")).toBe(false);
    expect(asked[0]?.headers.authorization).toBeUndefined();
  });

  it("ends with a store that begins anew instead of ending", async () => {
    const server = await startFake({ pages: "begin anew" });
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { ...vulnerability("CVE-2026-1"), ...on(reference) });
    expect(await read(server).ofOne().vulnerabilities()).toMatchObject({ found: [{ id: "CVE-2026-1" }] });
  });

  it("believes the content of an occurrence and not the kind that its creator gave it", async () => {
    const server = await startFake();
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { kind: "BUILD", ...vulnerability("CVE-2026-1"), ...on(reference) });
    await server.create(PROJECT, {
      kind: "VULNERABILITY",
      noteName: "projects/scanner/notes/CVE-2026-2",
      ...on(reference),
    });
    expect(await read(server).ofOne().vulnerabilities()).toMatchObject({
      found: [{ id: "CVE-2026-1" }, { id: "CVE-2026-2", severity: "unknown" }],
    });
  });

  it("fails where a vulnerability of its image cannot be read, and passes over what is nobody's", async () => {
    const server = await startFake();
    await server.create(PROJECT, { ...scan("FINISHED_SUCCESS"), ...on(reference) });
    await server.create(PROJECT, { name: "projects/project/odd" });
    const { ofOne, observer } = read(server);
    expect(await ofOne().vulnerabilities()).toEqual({ found: [] });
    expect(observer.entries.map(({ fields }) => fields)).toEqual([{ occurrence: "projects/project/odd" }]);

    const name = await server.create(PROJECT, {
      ...vulnerability("CVE-2026-1", { packageIssue: 7 }),
      ...on(reference),
    });
    await expect(ofOne().vulnerabilities()).rejects.toMatchObject({
      code: "malformed",
      message: `the VULNERABILITY occurrence "${name}" cannot be read`,
    });
  });
});
