import { VoucherError } from "../errors.ts";
import type { EvidenceSource } from "../ports.ts";

/** Evidence that comes with the image itself. `now` is when the review takes place. */
export function createEvidenceSource(now: () => Date): EvidenceSource {
  return {
    of(images) {
      const at = now();
      return images.map((image) => ({
        image,
        at,
        imageConfig: async () => image.config,
        builds: () => Promise.reject(unconfigured("build records")),
        vulnerabilities: () => Promise.reject(unconfigured("vulnerabilities")),
        commit: () => Promise.reject(unconfigured("commits")),
      }));
    },
  };
}

function unconfigured(what: string): VoucherError {
  return new VoucherError("config", `no source of ${what} is configured`);
}
