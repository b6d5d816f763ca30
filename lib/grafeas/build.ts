import * as z from "zod/mini";
import type { BuildRecord } from "../ports.ts";
import { list, message, text } from "./proto-json.ts";
import { sourceContext, sourcesOfContext } from "./source.ts";
import { inTotoStatement, readInTotoStatement, readSlsaProvenanceV1, slsaProvenanceV1 } from "./statement.ts";

/** grafeas.v1.BuildOccurrence; v1beta1's `build.Details` has a part of it, in the same places. */
const BuildSchema = z.object({
  build: z.object({
    provenance: message({
      projectId: text,
      creator: text,
      builtArtifacts: list(z.object({ checksum: text })),
      sourceProvenance: message({ context: sourceContext }),
    }),
    intotoStatement: inTotoStatement,
    inTotoSlsaProvenanceV1: slsaProvenanceV1,
  }),
});

/**
 * What an occurrence of kind BUILD says, a record for each form that it says it in, all under the occurrence's `name`.
 * Returns `undefined` for a document that says nothing in a form that is known here.
 */
export function parseBuild(document: unknown, name: string): readonly BuildRecord[] | undefined {
  const parsed = BuildSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { provenance, intotoStatement, inTotoSlsaProvenanceV1 } = parsed.data.build;
  const forms = [
    provenance === undefined ? undefined : readProvenance(provenance),
    readInTotoStatement(intotoStatement),
    readSlsaProvenanceV1(inTotoSlsaProvenanceV1),
  ];
  const records = forms.flatMap((form) => (form === undefined ? [] : [{ id: name, ...form }]));
  return records.length === 0 ? undefined : records;
}

type Provenance = NonNullable<z.infer<typeof BuildSchema>["build"]["provenance"]>;

/** The further contexts of a source (submodules, other remotes) are not the commit that was built, and are left out. */
function readProvenance({ projectId, creator, builtArtifacts, sourceProvenance }: Provenance) {
  return {
    ...(creator === "" ? {} : { builder: creator }),
    ...(projectId === "" ? {} : { project: projectId }),
    artifacts: builtArtifacts.map(({ checksum }) => checksum).filter((checksum) => checksum !== ""),
    sources: sourcesOfContext(sourceProvenance?.context),
  };
}
