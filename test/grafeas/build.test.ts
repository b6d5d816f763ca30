import { describe, expect, it } from "vitest";
import { parseBuild } from "../../lib/grafeas/build.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const NAME = "projects/p/occurrences/1";
const HEX = "7".repeat(64);
const COMMIT = "a".repeat(40);
const SOURCE = { url: "https://github.com/acme/app", revision: COMMIT };
const GIT = { git: { url: SOURCE.url, revisionId: COMMIT } };
const CLOUD_BUILD = "https://cloudbuild.googleapis.com/GoogleHostedWorker";
const subject = [
  { name: "https://gcr.io/p/app", digest: { sha256: HEX } },
  { name: "https://gcr.io/p/app:v1", digest: { sha256: HEX } },
];
/** What Cloud Build's own records show that is not asked for. */
const material = (uri: string, digest: object) => ({ uri, digest });
const base = material(`gcr.io/cloud-builders/docker@sha256:${HEX}`, { sha256: HEX });
const git = material(`git+${SOURCE.url}@refs/heads/main`, { gitCommit: COMMIT });

/** The records in a document that is one by Google's schema. */
function read(build: object) {
  const document = { name: NAME, kind: "BUILD", build };
  expect(protoJsonErrors("grafeas.v1.Occurrence", document)).toEqual([]);
  return parseBuild(document, NAME);
}

describe("a build record of Google's", () => {
  const provenance = {
    id: "build",
    projectId: "builds",
    creator: "me@example.com",
    logsUri: "https://logs",
    builtArtifacts: [
      { checksum: `sha256:${HEX}`, id: `gcr.io/p/app@sha256:${HEX}`, names: ["gcr.io/p/app:v1"] },
    ],
    sourceProvenance: { context: GIT },
  };

  it("names its creator, project, artifacts and source", () => {
    expect(read({ provenance })).toEqual([
      {
        id: NAME,
        builder: "me@example.com",
        project: "builds",
        artifacts: [`sha256:${HEX}`],
        sources: [SOURCE],
      },
    ]);
  });

  it("has no artifact of an empty checksum, which Voucher took for every image", () => {
    const builtArtifacts = [{ id: "gcr.io/p/app" }, { checksum: "" }, { checksum: HEX }];
    expect(read({ provenance: { ...provenance, builtArtifacts } })).toMatchObject([{ artifacts: [HEX] }]);
  });

  it("says nothing of what it leaves out", () => {
    expect(read({ provenance: {} })).toEqual([{ id: NAME, artifacts: [], sources: [] }]);
  });

  it("is not read for submodules and other remotes, which are not the commit that was built", () => {
    const additionalContexts = [{ git: { url: "https://github.com/other/lib", revisionId: COMMIT } }];
    const only = { ...provenance, sourceProvenance: { additionalContexts } };
    expect(read({ provenance: only })).toMatchObject([{ sources: [] }]);
  });
});

describe("the source context of a build record", () => {
  const sourcesOf = (context: object) =>
    read({ provenance: { sourceProvenance: { context } } })?.flatMap(({ sources }) => sources);
  const repoId = { projectRepoId: { projectId: "p", repoName: "app" } };
  const gerrit = { hostUri: "https://gerrit.example.com/", gerritProject: "team/app", revisionId: COMMIT };

  it.each([
    ["git", GIT, SOURCE.url],
    [
      "Cloud Source Repositories",
      { cloudRepo: { repoId, revisionId: COMMIT } },
      "https://source.developers.google.com/p/p/r/app",
    ],
    ["Gerrit", { gerrit }, "https://gerrit.example.com/team/app"],
  ])("may be %s", (_kind, context, url) => {
    expect(sourcesOf(context)).toEqual([{ url, revision: COMMIT }]);
  });

  it.each([
    ["a repository without a commit", { git: { url: SOURCE.url } }],
    ["a commit without a repository", { git: { revisionId: COMMIT } }],
    ["a branch, which moves", { cloudRepo: { repoId, aliasContext: { kind: "MOVABLE", name: "main" } } }],
    [
      "a Cloud Source repository by an internal id",
      { cloudRepo: { repoId: { uid: "1" }, revisionId: COMMIT } },
    ],
    ["Gerrit without a project", { gerrit: { ...gerrit, gerritProject: "" } }],
    ["nothing", {}],
  ])("names no source where it names %s", (_what, context) => {
    expect(sourcesOf(context)).toEqual([]);
  });

  it("keeps an address as it was recorded, so that what is ambiguous in it can be refused", () => {
    const url = "https://github.com\\@evil.example/acme/app";
    expect(sourcesOf({ git: { url, revisionId: COMMIT } })).toEqual([{ url, revision: COMMIT }]);
  });
});

describe("an in-toto statement", () => {
  const statement = {
    predicateType: "https://slsa.dev",
    subject,
  };

  it("of SLSA 0.1 names the builder, the project's number, the subjects' digests and the git material", () => {
    const recipe = {
      type: "https://cloudbuild.googleapis.com/CloudBuildYaml@v0.1",
      arguments: {
        "@type": "type.googleapis.com/google.devtools.cloudbuild.v1.Build",
        name: "projects/819720953812/locations/us-west2/builds/40edaaed",
        substitutions: { _PROJECT: "another" },
      },
    };
    const materials = [material(`git+${SOURCE.url}`, { sha1: COMMIT }), base];
    const slsaProvenance = { builder: { id: `${CLOUD_BUILD}@v0.3` }, recipe, materials };
    expect(read({ intotoStatement: { ...statement, slsaProvenance } })).toEqual([
      {
        id: NAME,
        builder: `${CLOUD_BUILD}@v0.3`,
        project: "819720953812",
        artifacts: [`sha256:${HEX}`],
        sources: [SOURCE],
      },
    ]);
  });

  it("of SLSA 0.1 names the project's id where the build shows it", () => {
    const recipe = { arguments: { "@type": "x/Build", projectId: "builds", name: "projects/1/builds/2" } };
    const intotoStatement = { ...statement, slsaProvenance: { recipe } };
    expect(read({ intotoStatement })).toMatchObject([{ project: "builds" }]);
  });

  it("of SLSA 0.2 names its configuration's source besides its materials", () => {
    const configSource = { uri: `${SOURCE.url}.git#refs/heads/main`, digest: { sha1: COMMIT } };
    const slsaProvenanceZeroTwo = {
      builder: { id: "https://builder.example.com" },
      invocation: { configSource },
      metadata: { buildInvocationId: "https://cloudbuild.googleapis.com/v1/projects/builds/builds/1" },
      materials: [base, material("git+https://github.com/acme/lib@v1", { sha1: COMMIT })],
    };
    expect(read({ intotoStatement: { ...statement, slsaProvenanceZeroTwo } })).toEqual([
      {
        id: NAME,
        builder: "https://builder.example.com",
        project: "builds",
        artifacts: [`sha256:${HEX}`],
        sources: [
          { url: `${SOURCE.url}.git`, revision: COMMIT },
          { url: "https://github.com/acme/lib", revision: COMMIT },
        ],
      },
    ]);
  });

  it("of in-toto's own provenance names commits as its materials' refs", () => {
    const provenance = {
      builderConfig: { id: "https://builder.example.com" },
      recipe: { arguments: [{ "@type": "x/Build", projectId: "builds" }] },
      materials: [`git+${SOURCE.url}@${COMMIT}`, `git+${SOURCE.url}@refs/heads/main`, "gs://bucket/x.tgz"],
    };
    expect(read({ intotoStatement: { ...statement, provenance } })).toMatchObject([
      { builder: "https://builder.example.com", project: "builds", sources: [SOURCE] },
    ]);
  });

  it("without a predicate says nothing", () => {
    expect(read({ intotoStatement: statement })).toBeUndefined();
  });
});

describe("SLSA 1 provenance", () => {
  const runDetails = {
    builder: { id: CLOUD_BUILD },
    metadata: { invocationId: "https://cloudbuild.googleapis.com/v1/projects/builds/locations/us/builds/1" },
  };
  const buildDefinition = {
    buildType: "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
    externalParameters: {
      substitutions: { PROJECT_ID: "forged" },
      buildConfigSource: { repository: "git+https://github.com/forged/app" },
    },
    internalParameters: { systemSubstitutions: { PROJECT_ID: "other", PROJECT_NUMBER: "1" } },
    resolvedDependencies: [git, base],
  };
  const projectOf = (predicate: object) =>
    read({ inTotoSlsaProvenanceV1: { subject, predicate } })?.[0]?.project;
  const slsa = (predicate: object) => read({ inTotoSlsaProvenanceV1: { subject, predicate } });

  it("names the builder, the project of the build, the subjects' digests and the git dependency", () => {
    expect(slsa({ buildDefinition, runDetails })).toEqual([
      {
        id: NAME,
        builder: CLOUD_BUILD,
        project: "builds",
        artifacts: [`sha256:${HEX}`],
        sources: [SOURCE],
      },
    ]);
  });

  it("names the project by what Cloud Build itself fills in, and by nothing a user may write", () => {
    const { builder } = runDetails;
    expect(projectOf({ buildDefinition, runDetails: { builder } })).toBe("other");
    const internalParameters = { systemSubstitutions: { PROJECT_NUMBER: "1" } };
    expect(projectOf({ buildDefinition: { ...buildDefinition, internalParameters } })).toBe("1");
    expect(projectOf({ buildDefinition: { ...buildDefinition, internalParameters: {} } })).toBeUndefined();
    const { externalParameters } = buildDefinition;
    expect(projectOf({ buildDefinition: { externalParameters } })).toBeUndefined();
  });

  it.each([
    "https://cloudbuild.googleapis.com.evil.example/v1/projects/builds/builds/1",
    "http://cloudbuild.googleapis.com/v1/projects/builds/builds/1",
    "https://github.com/projects/builds/",
    "x https://cloudbuild.googleapis.com/v1/projects/builds/builds/1",
  ])("takes no other address for a build of Cloud Build's: %s", (invocationId) => {
    expect(projectOf({ runDetails: { metadata: { invocationId } } })).toBeUndefined();
  });

  it("without a predicate says nothing", () => {
    expect(read({ inTotoSlsaProvenanceV1: { subject } })).toBeUndefined();
  });
});

describe("the git repositories among what a build used", () => {
  const sourcesOf = (...resolvedDependencies: readonly object[]) =>
    read({ inTotoSlsaProvenanceV1: { predicate: { buildDefinition: { resolvedDependencies } } } })?.[0]
      ?.sources;

  it.each([
    ["git+https, with a ref", `git+${SOURCE.url}@refs/heads/a@b`, { sha1: COMMIT }, SOURCE.url],
    [
      "git+https, with a port",
      "git+https://git.acme.dev:8443/app@v1",
      { sha1: COMMIT },
      "https://git.acme.dev:8443/app",
    ],
    [
      "git+ssh, with a user",
      "git+ssh://git@github.com/acme/app@v1",
      { gitCommit: COMMIT },
      "ssh://git@github.com/acme/app",
    ],
    [
      "git's own protocol",
      "git://github.com/acme/app.git#v1",
      { sha1: COMMIT },
      "git://github.com/acme/app.git",
    ],
    ["any address with a gitCommit", SOURCE.url, { gitCommit: COMMIT }, SOURCE.url],
    ["a commit's page, as Cloud Build wrote it first", `${SOURCE.url}/commit/${COMMIT}`, {}, SOURCE.url],
  ])("are known by %s", (_what, uri, digest, url) => {
    expect(sourcesOf({ uri, digest })).toEqual([{ url, revision: COMMIT }]);
  });

  it.each([
    ["an image", `docker.io/library/ubuntu@sha256:${HEX}`, { sha256: HEX }],
    ["a file with a SHA-1", "https://example.com/x.tar.gz", { sha1: COMMIT }],
    ["an upload", "gs://bucket/source.tgz#1", { sha256: HEX }],
    ["a repository at a branch", `git+${SOURCE.url}@refs/heads/main`, {}],
    ["no address", "", { gitCommit: COMMIT }],
  ])("do not include %s", (_what, uri, digest) => {
    expect(sourcesOf({ uri, digest })).toEqual([]);
  });

  it("are each named once", () => {
    expect(sourcesOf(git, { ...git, uri: `git+${SOURCE.url}@refs/tags/v1` })).toEqual([SOURCE]);
  });
});

describe("an occurrence of kind BUILD", () => {
  it("makes a record of each form that it comes in", () => {
    const provenance = { creator: "me", projectId: "builds" };
    const slsaProvenance = { builder: { id: CLOUD_BUILD } };
    const records = read({ provenance, intotoStatement: { subject, slsaProvenance } });
    expect(records?.map(({ id, builder }) => [id, builder])).toEqual([
      [NAME, "me"],
      [NAME, CLOUD_BUILD],
    ]);
  });

  it.each([
    ["no content", {}],
    ["no form that is known", { build: { provenanceBytes: "e30=" } }],
    ["a list for a record", { build: { provenance: [] } }],
    ["a number for its creator", { build: { provenance: { creator: 7 } } }],
    ["text for its artifacts", { build: { provenance: { builtArtifacts: "x" } } }],
    [
      "a digest that is no map",
      { build: { intotoStatement: { subject: [{ digest: "x" }], slsaProvenance: {} } } },
    ],
  ])("cannot be read with %s", (_what, document) => {
    expect(parseBuild(document, NAME)).toBeUndefined();
  });

  it("is read with nulls for what is not there, as an early open-source server writes it", () => {
    const provenance = { projectId: "builds", creator: "", builtArtifacts: [], sourceProvenance: null };
    expect(parseBuild({ build: { provenance, inTotoSlsaProvenanceV1: null } }, NAME)).toEqual([
      { id: NAME, project: "builds", artifacts: [], sources: [] },
    ]);
  });
});
