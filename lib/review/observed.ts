import type { Evidence, Observer } from "../ports.ts";

/** The evidence, and the observer told whenever somebody waits for it. */
export function observed(evidence: Evidence, observer: Observer): Evidence {
  const asked = <T>(ask: () => Promise<T>) => observer.stage("evidence", ask);
  return {
    image: evidence.image,
    at: evidence.at,
    imageConfig: () => asked(() => evidence.imageConfig()),
    builds: () => asked(() => evidence.builds()),
    vulnerabilities: () => asked(() => evidence.vulnerabilities()),
    commit: (source) => asked(() => evidence.commit(source)),
  };
}
