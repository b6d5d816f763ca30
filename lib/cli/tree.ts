import type { ResolvedImage } from "../app.ts";
import { formatPlatform } from "../image/platform.ts";
import { formatReference } from "../image/reference.ts";
import type { Style, Terminal } from "./terminal.ts";

/** A resolved image as `resolve --json` prints it. */
export interface ResolvedDocument {
  readonly image: string;
  readonly kind: ResolvedImage["kind"];
  readonly mediaType: string;
  readonly platforms: readonly { platform: string; digest: string; mediaType: string; size: number }[];
  readonly skipped: readonly { digest: string; reason: string }[];
  readonly errors: readonly { digest: string; error: string }[];
}

export function toDocument(image: ResolvedImage): ResolvedDocument {
  const images = image.kind === "index" ? image.images : image.kind === "image" ? [image.image] : [];
  const unresolved = image.kind === "index" ? image.unresolved : [];
  return {
    image: formatReference(image.reference),
    kind: image.kind,
    mediaType: image.mediaType,
    platforms: images.map(({ platform, reference, mediaType, size }) => ({
      platform: formatPlatform(platform),
      digest: reference.digest,
      mediaType,
      size,
    })),
    skipped: image.kind === "image" ? [] : image.skipped,
    errors: unresolved.map(({ digest, error }) => ({ digest, error: error.message })),
  };
}

/** A resolved image for people: what it is, then a branch for everything it holds. */
export function tree(document: ResolvedDocument, terminal: Terminal): string {
  const width = Math.max(0, ...document.platforms.map(({ platform }) => platform.length));
  const branches: [Style | undefined, string][] = [
    ...document.platforms.map((one): [undefined, string] => [
      undefined,
      `${one.platform.padEnd(width)}  ${one.digest}  ${bytes(one.size)}`,
    ]),
    ...document.errors.map(({ digest, error }): [Style, string] => ["red", `${digest}  ${error}`]),
    ...document.skipped.map(({ digest, reason }): [Style, string] => [
      "dim",
      `${digest}  skipped: ${reason}`,
    ]),
  ];
  const lines = branches.map(([style, text], at) => {
    const twig = at === branches.length - 1 ? "└─ " : "├─ ";
    return twig + (style === undefined ? text : terminal.style(style, text));
  });
  return [
    `${terminal.style("bold", document.image)}  ${document.kind}, ${document.mediaType}`,
    ...lines,
  ].join("\n");
}

function bytes(size: number): string {
  return size < 1024 ? `${size} B` : `${(size / 1024).toFixed(1)} KiB`;
}
