import type { EvidenceSource } from "../ports.ts";

/** Evidence that comes with the image itself. `now` is when the review takes place. */
export function createEvidenceSource(now: () => Date): EvidenceSource {
  return {
    of(images) {
      const at = now();
      return images.map((image) => ({ image, at, imageConfig: async () => image.config }));
    },
  };
}
