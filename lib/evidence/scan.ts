import { VoucherError } from "../errors.ts";
import type { Discovery, ScanState } from "../grafeas/discovery.ts";
import type { About } from "../grafeas/reader.ts";
import { formatPlatform, normalizePlatform } from "../image/platform.ts";
import { formatReference } from "../image/reference.ts";
import type { PlatformImage } from "../image/resolved.ts";
import type { Found } from "../ports.ts";
import { isGoogleHost } from "../registry/credentials.ts";
import { printable } from "../registry/text.ts";

/** Where a scan was looked for. */
export interface ScanContext {
  readonly projects: readonly string[];
  /** As {@link OccurrenceSource.scansAmd64Only}. */
  readonly scansAmd64Only: boolean;
}

/** That a scan is over and its results count; or that it is awaited. */
export type Scan = Found<true>;

/**
 * How far the scan of `image` is, by `discoveries` of this very digest: of each note the latest counts, and all must be
 * over. Throws `no-evidence` where there never will be one (an unsupported image, a platform that is never scanned), and
 * `unsupported` for a scan that failed or is stale.
 */
export function scanOf(
  image: PlatformImage,
  discoveries: readonly About<Discovery>[],
  context: ScanContext,
): Scan {
  const latest = latestOfEachNote(discoveries);
  // Where there are several scanners, one that does not support the image leaves it to the others.
  const supported = latest.filter(({ state }) => state !== "unsupported");
  const inState = (state: ScanState) => supported.find((discovery) => discovery.state === state);
  const name = formatReference(image.reference);

  const failed = inState("failed");
  if (failed !== undefined) {
    throw new VoucherError(
      "unsupported",
      `the vulnerability scan of ${name} failed${because(failed)}; push the image again, or rebuild it, to have it scanned anew`,
    );
  }
  const [unsupported] = latest;
  if (unsupported !== undefined && supported.length === 0) {
    throw new VoucherError(
      "no-evidence",
      `${name} cannot be scanned for vulnerabilities, since its scanner does not support it${because(unsupported)}; build it on a base image that is supported, or leave its platform out with snakeoil.platforms`,
    );
  }
  if (supported.some(({ stale }) => stale)) {
    throw new VoucherError(
      "unsupported",
      `the vulnerability scan of ${name} is stale: an image is watched until 30 days after its last push or pull; pull it, which refreshes its scan within 24 hours, and try again`,
    );
  }
  const running = inState("scanning") ?? inState("pending");
  if (running !== undefined) {
    const { since } = running;
    const reason =
      running.state === "scanning"
        ? `the vulnerability scan of ${name} is running`
        : `the vulnerability scan of ${name} has not begun`;
    return { awaiting: "scan", reason, ...(since === undefined ? {} : { since }) };
  }
  return inState("finished") === undefined ? unscanned(image, context) : { found: true };
}

function latestOfEachNote(discoveries: readonly About<Discovery>[]): readonly Discovery[] {
  const time = ({ updatedAt, since }: Discovery) => (updatedAt ?? since)?.getTime() ?? 0;
  const notes = Map.groupBy(discoveries, ({ note }) => note);
  return [...notes.values()].flatMap((all) =>
    all
      .map(({ fact }) => fact)
      .toSorted((a, b) => time(b) - time(a))
      .slice(0, 1),
  );
}

function unscanned(image: PlatformImage, { projects, scansAmd64Only }: ScanContext): Scan {
  const name = formatReference(image.reference);
  if (scansAmd64Only && isGoogleHost(image.reference.registry) && !isLinuxAmd64(image)) {
    throw new VoucherError(
      "no-evidence",
      `Artifact Analysis does not scan ${formatPlatform(image.platform)}, so ${name} will never have a scan; name the platforms that are scanned in snakeoil.platforms, as in ["linux/amd64"]`,
    );
  }
  return {
    awaiting: "scan",
    reason: `there is no vulnerability scan of ${name} in project ${projects.join(" or ")} yet (is scanning switched on there?)`,
  };
}

/** Whether anything says that this runs on Linux and amd64, whichever variant of it: a scanner may believe either. */
function isLinuxAmd64({ platform, otherPlatforms }: PlatformImage): boolean {
  return [platform, ...otherPlatforms]
    .map(normalizePlatform)
    .some(({ os, architecture }) => os === "linux" && architecture === "amd64");
}

function because({ errors }: Discovery): string {
  const words = errors.map(printable).filter((text) => text !== "");
  return words.length === 0 ? "" : ` (${words.slice(0, 3).join("; ")})`;
}
