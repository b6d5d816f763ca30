import type { Contents } from "./contents.ts";
import type { Happening, ScanState } from "./history.ts";
import { BUILDER, PROJECTS } from "./names.ts";
import type { Occurrences } from "./occurrences.ts";

const STATUS: { readonly [state in ScanState]: string } = {
  pending: "PENDING",
  scanning: "SCANNING",
  clean: "FINISHED_SUCCESS",
  vulnerable: "FINISHED_SUCCESS",
  failed: "FINISHED_FAILED",
  unsupported: "FINISHED_UNSUPPORTED",
  stale: "FINISHED_SUCCESS",
};

/** Writes what a scanner or builder says of an image; returns what Container Analysis announces of it. */
export function writeEvidence(
  happening: Extract<Happening, { kind: "scan" | "build" }>,
  contents: Contents,
  occurrences: Occurrences,
): { readonly name: string; readonly kind: "DISCOVERY" | "BUILD" } {
  const { place, lag, at } = happening;
  const digest = contents.digestOf(place.content);
  const resourceUri = `https://${place.repository}@${digest}`;
  const id = `${happening.kind}-${place.repository.replaceAll("/", "-")}-${place.content}`;
  const write = (name: string, document: object) =>
    occurrences.write(PROJECTS.images, name, { resourceUri, ...document }, lag);

  if (happening.kind === "build") {
    const { trusted } = happening;
    const provenance = {
      projectId: PROJECTS.builds,
      creator: trusted ? BUILDER : "somebody@else.example",
      builtArtifacts: [{ checksum: digest }],
    };
    const document = { kind: "BUILD", noteName: "projects/builds/notes/build", build: { provenance } };
    return { name: write(`${id}-${at}`, document), kind: "BUILD" };
  }
  const { state } = happening;
  // What a scan finds is shown when it says that it has finished, and not later.
  if (state === "vulnerable") {
    const vulnerability = { effectiveSeverity: "CRITICAL", packageIssue: [{ affectedPackage: "openssl" }] };
    write(`${id}-found-${at}`, {
      kind: "VULNERABILITY",
      noteName: "projects/goog-vulnz/notes/CVE-2027-0001",
      vulnerability,
    });
  }
  if (state === "clean") occurrences.removeAll(`${id}-found-`, lag);
  const discovery = {
    analysisStatus: STATUS[state],
    continuousAnalysis: state === "stale" ? "INACTIVE" : "ACTIVE",
  };
  const noteName = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY";
  return { name: write(id, { kind: "DISCOVERY", noteName, discovery }), kind: "DISCOVERY" };
}
