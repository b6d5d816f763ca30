import { makeCheck } from "./check/catalog.ts";
import type { Check } from "./check/contract.ts";
import type { Config } from "./config/config.ts";
import { groupsOf } from "./config/groups.ts";
import { deliver, type PushRequest } from "./delivery/deliver.ts";
import type { Settlement } from "./delivery/settle.ts";
import { VoucherError } from "./errors.ts";
import { createEvidenceSource } from "./evidence/evidence.ts";
import { applicationDefaultCredentials } from "./google/credentials.ts";
import { parseEndpoint } from "./google/endpoint.ts";
import { createRest } from "./google/rest.ts";
import { createGrafeasClient } from "./grafeas/client.ts";
import type { Reference } from "./image/reference.ts";
import type { ResolvedImage } from "./image/resolved.ts";
import type { AttestationStore, Clock, KeyRing, Observer, Resolver } from "./ports.ts";
import { createRegistry } from "./registry/registry.ts";
import { type ReviewRequest, review } from "./review/review.ts";
import { toVerdict, type Verdict } from "./review/verdict.ts";
import { verify } from "./review/verify.ts";
import { createKeyRing } from "./sign/key-ring.ts";
import { createPkixSigner } from "./sign/pkix.ts";
import { readTrustedKeys } from "./sign/trusted-keys.ts";
import { createContainerAnalysisStore } from "./store/container-analysis.ts";

export { generatePkixKey, type KeyPair } from "./sign/generate.ts";
export type { Check, Reference, ResolvedImage, Settlement, Verdict };

/** The wired application. What an instance needs is built on first use and then kept. */
export interface App {
  readonly config: Config;
  /** The checks of the named groups and checks, each once, in order. Throws `usage` for an unknown name or an empty group. */
  checksNamed(names: readonly string[]): readonly Check[];
  resolve(image: Reference, signal: AbortSignal): Promise<ResolvedImage>;
  /** Runs checks and attests what passes, unless the configuration says dry run. Throws `config` without a store. */
  check(
    image: Reference,
    checks: readonly Check[],
    existing: ReviewRequest["existing"],
    signal: AbortSignal,
  ): Promise<Verdict>;
  /** Says which attestations count. Throws `config` without a store. */
  verify(image: Reference, checks: readonly Check[], signal: AbortSignal): Promise<Verdict>;
  /** Handles one delivery of a push event; never throws. */
  deliver(request: PushRequest): Promise<Settlement>;
}

export interface AppOptions {
  readonly observer: Observer;
}

/** Wires the application that `config` describes. Opens nothing yet. */
export function createApp(config: Config, { observer }: AppOptions): App {
  const clock: Clock = {
    now: () => new Date(),
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
  };
  const resolver = once(() => resolverOf(config));
  const attesting = once(() => attestingOf(config, observer));
  const evidence = createEvidenceSource(clock.now);
  const reviewPorts = () => ({
    resolver: resolver(),
    evidence,
    attesting: config.dryrun ? undefined : attesting(),
  });
  const { platforms } = config;

  const checksNamed = (names: readonly string[]) => checksOf(config, names);
  const events = once(() => ({
    checks: checksNamed(["all"]),
    platforms,
    onlyHostsOf: config.validRepos,
    deadline: config.limits.timeoutSeconds * 1000,
    maxAttempts: config.events.maxAttempts,
  }));
  return {
    config,
    checksNamed,
    resolve: (image, signal) => resolver().resolve(image, signal),
    async check(image, checks, existing, signal) {
      const reviewed = await review({ image, checks, platforms, existing }, reviewPorts(), signal);
      return toVerdict(reviewed, image.tag);
    },
    async verify(image, checks, signal) {
      const { store, keyRing } = attesting();
      const verified = await verify(
        { image, checks, platforms },
        { resolver: resolver(), store, keyRing },
        signal,
      );
      return toVerdict(verified, image.tag);
    },
    deliver: (request) => deliver(request, events(), { ...reviewPorts(), clock, observer }),
  };
}

/** Throws `config` or `usage`, with the sentence that says what to mend, where events could not be reviewed. */
export function requireEventsReviewable(app: App): void {
  app.checksNamed(["all"]);
  if (!app.config.dryrun) requireStore(app.config);
}

function checksOf(config: Config, names: readonly string[]): readonly Check[] {
  const groups = groupsOf(config);
  const wanted = new Set(names.flatMap((name) => groups.get(name) ?? [name]));
  if (wanted.size === 0) {
    throw new VoucherError(
      "usage",
      `the group ${names.join(", ")} has no checks; enable some under [checks], as in nobody = true`,
    );
  }
  return [...wanted].map((name) => {
    const check = makeCheck(name, config);
    if (check !== undefined) return check;
    throw new VoucherError("usage", `no check or group is called ${JSON.stringify(name)}`);
  });
}

function resolverOf({ limits, registry }: Config): Resolver {
  return createRegistry({ ...registry, limits });
}

function attestingOf(config: Config, observer: Observer) {
  const signer = createPkixSigner(config.pkixKeys, config);
  const keyRing: KeyRing = createKeyRing(async () => {
    const own = [...(await signer.publicKeys())].map(([check, key]) => ({ check, key }));
    return [...own, ...(await readTrustedKeys(config.trustedKeys))];
  });
  return { signer, keyRing, store: storeOf(config, observer) };
}

function storeOf(config: Config, observer: Observer): AttestationStore {
  const project = requireStore(config);
  const endpoint = parseEndpoint(config.containeranalysis.endpoint, "containeranalysis.endpoint");
  const rest = createRest({ endpoint, credentials: applicationDefaultCredentials() });
  return createContainerAnalysisStore({ project, client: createGrafeasClient({ rest, observer }) });
}

/** The project that attestations are kept in. Throws `config` where none is set. */
function requireStore({ binauthProject }: Config): string {
  if (binauthProject !== undefined) return binauthProject;
  throw new VoucherError(
    "config",
    "no store for attestations is configured; set binauth_project (or run with --dry-run, which stores nothing)",
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
