import type { Canonical } from "../../image/reference.ts";
import type { Found } from "./envelopes.ts";
import { createPlaces, type PlacesOptions } from "./places.ts";

/**
 * Every signed statement that stands beside an image, whoever wrote it and whatever it says: in bundles that refer to it and
 * under cosign's tag. Nothing of it is verified yet. Throws what keeps it from reading.
 */
export async function statementsOn(
  subject: Canonical,
  options: PlacesOptions,
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const { digest } = subject;
  const largest = options.documents.limits.configBytes;
  const { referrers, cosignTag, envelopes } = createPlaces(options, { largest })(signal)(subject);
  const found = await Promise.all([
    referrers.list(digest, signal).then((listed) => envelopes.ofBundles(digest, listed)),
    cosignTag.list(digest, signal).then((layers) => envelopes.ofLayers(layers)),
  ]);
  return found.flat();
}
