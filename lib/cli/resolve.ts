import type { ResolvedImage } from "../app.ts";
import { VoucherError } from "../errors.ts";
import { formatPlatform, parsePlatform, samePlatform } from "../image/platform.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type CommonFlags, parseImages, type Session } from "./session.ts";
import { toDocument, tree } from "./tree.ts";

/** `voucher resolve IMAGE`: what the image holds. Exit 3 where a child could not be read; what did resolve is listed all the same. */
export async function resolveCommand(image: string, flags: CommonFlags, session: Session): Promise<ExitCode> {
  const [reference] = parseImages([image]);
  if (reference === undefined) throw new VoucherError("usage", "name an image");
  const { app, terminal, signal } = session;
  const resolved = await app.resolve(reference, signal);
  const whole = toDocument(resolved);
  const wanted = flags.platform?.map(parsePlatform) ?? [];
  const document =
    wanted.length === 0
      ? whole
      : { ...whole, platforms: whole.platforms.filter((_, at) => isWanted(resolved, at, wanted)) };
  if (wanted.length > 0 && document.platforms.length === 0) {
    const found =
      whole.platforms.map(({ platform }) => platform).join(", ") || `an ${whole.kind} without platforms`;
    throw new VoucherError(
      "not-found",
      `${whole.image} has no platform ${wanted.map(formatPlatform).join(" or ")}; it has ${found}`,
    );
  }
  if (flags.json === true) terminal.out(JSON.stringify(document));
  else if (flags.quiet === true) terminal.out(document.platforms.map(({ digest }) => digest).join("\n"));
  else terminal.out(tree(document, terminal));
  for (const { digest, error } of document.errors) terminal.err(`voucher: ${digest}: ${error}`);
  return document.errors.length === 0 ? EXIT.done : EXIT.undecided;
}

function isWanted(
  image: ResolvedImage,
  at: number,
  wanted: readonly ReturnType<typeof parsePlatform>[],
): boolean {
  const one = image.kind === "index" ? image.images[at] : image.kind === "image" ? image.image : undefined;
  if (one === undefined) return false;
  return [one.platform, ...one.otherPlatforms].some((name) =>
    wanted.some((platform) => samePlatform(name, platform)),
  );
}
