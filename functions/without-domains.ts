/** As much of a domain as the framework uses. */
const NO_DOMAIN = { on: () => undefined, run: (work: () => void) => work() };

/**
 * Takes the framework's domains away, before the first request. It runs each request in one (`node:domain`, deprecated) to
 * answer what is thrown behind its back, and the first domain has Node follow every promise of the process from then on:
 * that was half of the time and much of the memory of an event (docs/performance.md). Our functions answer for
 * everything that they await; what nobody awaits is logged (unheard.ts).
 */
export function withoutDomains(): void {
  Object.assign(process.getBuiltinModule("node:domain"), { create: () => NO_DOMAIN });
}
