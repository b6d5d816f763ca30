import * as z from "zod/mini";
import type { BuildRecord } from "../ports.ts";
import { anything, list, message, text, textMap } from "./proto-json.ts";
import { distinct, material, sourceOfRepository, sourcesOfMaterials } from "./source.ts";

// in-toto statements as Grafeas nests them: SLSA provenance of https://slsa.dev/spec, versions 0.1, 0.2 and 1.

const subjects = list(z.object({ digest: textMap }));
const builder = message({ id: text });

/** grafeas.v1.InTotoStatement. */
export const inTotoStatement = message({
  subject: subjects,
  provenance: message({
    builderConfig: builder,
    recipe: message({ arguments: list(anything) }),
    materials: list(z.string()),
  }),
  slsaProvenance: message({
    builder,
    recipe: message({ arguments: anything }),
    materials: list(material),
  }),
  slsaProvenanceZeroTwo: message({
    builder,
    invocation: message({ configSource: message({ uri: text, digest: textMap }) }),
    metadata: message({ buildInvocationId: text }),
    materials: list(material),
  }),
});

/** grafeas.v1.InTotoSlsaProvenanceV1. */
export const slsaProvenanceV1 = message({
  subject: subjects,
  predicate: message({
    buildDefinition: message({ internalParameters: anything, resolvedDependencies: list(material) }),
    runDetails: message({ builder, metadata: message({ invocationId: text }) }),
  }),
});

/** What a statement says of a build, without the id of its record. */
export type Statement = Omit<BuildRecord, "id">;

/** Returns `undefined` for a statement whose predicate is of no kind that is known here. */
export function readInTotoStatement(statement: z.infer<typeof inTotoStatement>): Statement | undefined {
  const { subject = [], provenance, slsaProvenance, slsaProvenanceZeroTwo } = statement ?? {};
  const artifacts = artifactsOf(subject);
  if (slsaProvenance !== undefined) {
    const { builder, recipe, materials } = slsaProvenance;
    return said(builder?.id, projectOfBuild(recipe?.arguments), artifacts, sourcesOfMaterials(materials));
  }
  if (slsaProvenanceZeroTwo !== undefined) {
    const { builder, invocation, metadata, materials } = slsaProvenanceZeroTwo;
    // BuildKit writes no `git+` before the repository that it built from, and the ref behind a hash.
    const config = invocation?.configSource;
    const configured = config === undefined ? [] : sourceOfRepository(config);
    const sources = distinct([...configured, ...sourcesOfMaterials(materials)]);
    return said(builder?.id, projectOfInvocation(metadata?.buildInvocationId), artifacts, sources);
  }
  if (provenance === undefined) return undefined;
  const { builderConfig, recipe, materials } = provenance;
  const sources = sourcesOfMaterials(materials.map((uri) => ({ uri, digest: {} })));
  return said(builderConfig?.id, projectOfBuild(recipe?.arguments[0]), artifacts, sources);
}

/** Returns `undefined` for a statement without a predicate. */
export function readSlsaProvenanceV1(statement: z.infer<typeof slsaProvenanceV1>): Statement | undefined {
  if (statement?.predicate === undefined) return undefined;
  const { buildDefinition, runDetails } = statement.predicate;
  return said(
    runDetails?.builder?.id,
    projectOfInvocation(runDetails?.metadata?.invocationId) ??
      projectOfSubstitutions(buildDefinition?.internalParameters),
    artifactsOf(statement.subject),
    sourcesOfMaterials(buildDefinition?.resolvedDependencies ?? []),
  );
}

function said(
  builder: string | undefined,
  project: string | undefined,
  artifacts: BuildRecord["artifacts"],
  sources: BuildRecord["sources"],
): Statement {
  return {
    ...(builder ? { builder } : {}),
    ...(project ? { project } : {}),
    artifacts,
    sources,
  };
}

function artifactsOf(subject: readonly { readonly digest: { readonly [name: string]: string } }[]) {
  const digests = subject.flatMap(({ digest }) =>
    Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
  );
  return [...new Set(digests)];
}

// Cloud Build's builder id is the same for all its customers; which project built stands elsewhere. Only what Cloud Build
// fills in itself is read, never a parameter of the build's own: substitutions of users begin with an underscore, but
// `externalParameters` may say anything.

/** Of SLSA 1 (https://docs.cloud.google.com/build/gcb-buildtypes/google-worker/v1): the build's own resource name. */
function projectOfInvocation(invocation = ""): string | undefined {
  return /^https:\/\/cloudbuild\.googleapis\.com\/v1\/projects\/([^/?#]+)\//.exec(invocation)?.[1];
}

const SubstitutionsSchema = z.object({
  systemSubstitutions: z.object({ PROJECT_ID: text, PROJECT_NUMBER: text }),
});

function projectOfSubstitutions(parameters: unknown): string | undefined {
  const { PROJECT_ID = "", PROJECT_NUMBER = "" } =
    SubstitutionsSchema.safeParse(parameters).data?.systemSubstitutions ?? {};
  return PROJECT_ID || PROJECT_NUMBER;
}

/** Of SLSA 0.1: the recipe's arguments are the whole `google.devtools.cloudbuild.v1.Build`. Its name has the project's number. */
const BuildSchema = z.object({ projectId: text, name: text });

function projectOfBuild(build: unknown): string | undefined {
  const { projectId = "", name = "" } = BuildSchema.safeParse(build).data ?? {};
  return projectId || /^projects\/([^/]+)\//.exec(name)?.[1];
}
