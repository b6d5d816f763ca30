import type { Input } from "../attest/claim.ts";
import { canonical, uriOf } from "../image/reference.ts";
import type { Evidence } from "../ports.ts";
import type { PlatformReview } from "./judgement.ts";

/** Evidence that remembers what it was asked for. */
export interface Watched {
  readonly evidence: Evidence;
  /** All that was asked for so far, by digest; `undefined` as soon as something of it has none. */
  inputs(): readonly Input[] | undefined;
}

/**
 * Watches what one check asks for. The config is content and has a digest; build records, scans and commits are answers of
 * services, and have none.
 */
export function watched(evidence: Evidence): Watched {
  let config: Input | undefined;
  let other = false;
  const noted = <Args extends unknown[], Fact>(ask: (...args: Args) => Fact) => {
    return (...args: Args): Fact => {
      other = true;
      return ask(...args);
    };
  };
  return {
    evidence: {
      ...evidence,
      imageConfig() {
        config = configOf(evidence);
        return evidence.imageConfig();
      },
      builds: noted(evidence.builds),
      vulnerabilities: noted(evidence.vulnerabilities),
      commit: noted(evidence.commit),
    },
    inputs() {
      if (other) return undefined;
      return config === undefined ? [] : [config];
    },
  };
}

/** What a check looked at to pass all of these platforms; `undefined` where that is not known of each. */
export function inputsOf(
  checkName: string,
  platforms: readonly PlatformReview[],
): readonly Input[] | undefined {
  const byDigest = new Map<string, Input>();
  for (const { judgements } of platforms) {
    const judgement = judgements.find((one) => one.checkName === checkName);
    if (judgement?.inputs === undefined) return undefined;
    for (const input of judgement.inputs) byDigest.set(input.digest, input);
  }
  return [...byDigest.values()];
}

function configOf({ image: { reference, manifest } }: Evidence): Input {
  const { digest } = manifest.config;
  return { uri: uriOf(canonical(reference, digest)), digest };
}
