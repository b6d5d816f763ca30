import { asVoucherError, VoucherError } from "../errors.ts";
import { formatReference, parseReference, withDefaultTag } from "../image/reference.ts";
import type { Repositories } from "../ports/sources.ts";
import type { AttestedImage } from "../ports.ts";
import type { Found, ReplayEvent, Source, Unreadable } from "./event.ts";
import type { InputFile } from "./file-source.ts";
import { eventNamed, eventOf } from "./image-event.ts";
import { linesOf } from "./lines.ts";

const LONGEST_NAME = 4_096;

/** The images that a file names, one a line; what follows a `#` is a remark. */
export function imagesIn({ name, chunks, size }: InputFile, repositories: Repositories): Source {
  return {
    name: `images of ${name}`,
    distinct: true,
    async *events(stop): AsyncGenerator<Found> {
      for await (const { number, bytes, end } of linesOf(chunks(), LONGEST_NAME)) {
        if (stop.aborted) return;
        const text = bytes === undefined ? undefined : withoutRemark(bytes);
        if (text === "") continue;
        const read = (deadline: () => AbortSignal) => readImage(text, repositories, deadline());
        yield {
          where: `line ${number}`,
          through: end,
          of: size,
          read,
        };
      }
    },
  };
}

/** The images that have an attestation of `checkName`: listed whole first, since a replay changes what is listed. */
export function imagesAttested(
  checkName: string,
  list: (signal: AbortSignal) => Promise<readonly AttestedImage[]>,
): Source {
  return {
    name: `images attested for ${checkName}`,
    distinct: true,
    async *events(stop): AsyncGenerator<Found> {
      const images = await list(stop);
      for (const [at, { image, since }] of images.entries()) {
        const read = () => eventOf({ image }, since);
        yield { where: formatReference(image), through: at + 1, of: images.length, read };
      }
    },
  };
}

function withoutRemark(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8").replace(/#.*$/s, "").trim();
}

/** Never throws. */
async function readImage(
  text: string | undefined,
  repositories: Repositories,
  signal: AbortSignal,
): Promise<ReplayEvent | Unreadable> {
  try {
    if (text === undefined) throw new VoucherError("malformed", `it has more than ${LONGEST_NAME} bytes`);
    return await eventNamed(withDefaultTag(parseReference(text)), repositories, signal);
  } catch (fault) {
    return { key: "", error: asVoucherError(fault) };
  }
}
