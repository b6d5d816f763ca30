import type { Evidence } from "../ports.ts";

/**
 * The same evidence, for one reader alone: what it changes, no other check sees, and what it asks for and then does not
 * wait for cannot end the process as an unhandled rejection.
 */
export function ownCopy(evidence: Evidence): Evidence {
  return {
    image: structuredClone(evidence.image),
    at: new Date(evidence.at),
    imageConfig: () => heard(evidence.imageConfig().then(structuredClone)),
    builds: () => heard(evidence.builds().then(structuredClone)),
    vulnerabilities: () => heard(evidence.vulnerabilities().then(structuredClone)),
    commit: (source) => heard(evidence.commit(source).then(structuredClone)),
  };
}

function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
