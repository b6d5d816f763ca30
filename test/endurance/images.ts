import { type Sample, sampleImage, sampleIndex } from "../../lib/local/samples.ts";
import type { Random } from "../support/random.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"] as const;

/** `count` images, no two alike: half of them indexes of two to four platforms, some platforms running as root. */
export function drawImages(count: number, random: Random): readonly Sample[] {
  return Array.from({ length: count }, (_, number) => {
    const platform = (name: string) =>
      sampleImage({
        platform: name,
        files: { number: `${number}` },
        ...(random.chance(0.15) ? {} : { user: "10001" }),
      });
    if (random.chance(0.5)) return platform(random.pick(PLATFORMS));
    return sampleIndex({
      images: PLATFORMS.slice(0, 2 + random.below(3)).map(platform),
      attestations: random.chance(0.3),
    });
  });
}
