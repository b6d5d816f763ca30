import { attestingOf } from "./app/attesting.ts";
import { verifyWithKeyFile } from "./app/by-key.ts";
import { checksOf, loadCustomChecks } from "./app/checks.ts";
import { createClock } from "./app/clock.ts";
import { factsOf } from "./app/evidence.ts";
import type { App, Verification } from "./app/interface.ts";
import { observerOf } from "./app/observing.ts";
import { publisherOf, sourceOf } from "./app/publishing.ts";
import { registryOf } from "./app/registry.ts";
import { type ReplayRequest, replayEvents } from "./app/replaying.ts";
import { secretsOf, serverPasswordOf } from "./app/secrets.ts";
import { requireSigningKeys, signerOf } from "./app/signing.ts";
import { type SubscribeRequest, subscribe } from "./app/subscribing.ts";
import type { Surroundings } from "./app/surroundings.ts";
import { requireWebhook, webhookSecrets } from "./app/webhooks.ts";
import type { Check } from "./check/contract.ts";
import type { Config } from "./config/config.ts";
import { groupsOf } from "./config/groups.ts";
import { deliver, deliverMessage } from "./delivery/deliver.ts";
import { deliverOccurrence } from "./delivery/deliver-occurrence.ts";
import type { Settlement } from "./delivery/settle.ts";
import type { Envelope } from "./event/envelope.ts";
import { applicationDefaultCredentials } from "./google/credentials.ts";
import { formatReference, type Reference } from "./image/reference.ts";
import type { ResolvedImage } from "./image/resolved.ts";
import { once } from "./once.ts";
import type { Log } from "./ports.ts";
import { proxiesIn } from "./proxy.ts";
import type { Replayed } from "./replay/replay.ts";
import { type AttestedBy, attestedBy } from "./review/attested-by.ts";
import { review } from "./review/review.ts";
import { findStanding, type Standing, type Withdrawn, withdraw } from "./review/revoke.ts";
import { toVerdict, type Verdict } from "./review/verdict.ts";
import { verify } from "./review/verify.ts";
import type { PublicKey } from "./sign/public-key.ts";

export { isCheckName, NAME_RULE } from "./check/names.ts";
export { timeLimit } from "./retry.ts";
export { generatePkixKey, type KeyPair } from "./sign/generate.ts";
export type {
  App,
  AttestedBy,
  Check,
  PublicKey,
  Reference,
  Replayed,
  ReplayRequest,
  ResolvedImage,
  Settlement,
  Standing,
  SubscribeRequest,
  Verdict,
  Verification,
  Withdrawn,
};

export interface AppOptions extends Surroundings {
  /** What is told in words. */
  readonly observer: Log;
}

/** Wires the application that `config` describes, and loads its custom checks. Opens nothing yet. Throws `config`. */
export async function createApp(config: Config, { observer: log, env }: AppOptions): Promise<App> {
  const clock = createClock();
  const google = applicationDefaultCredentials();
  const proxies = proxiesIn(env);
  const secrets = secretsOf(config, google, { env });
  const observer = observerOf(config, log, { secrets, proxies });
  const means = { google, observer, proxies, secrets };
  const registry = once(() => registryOf(config, means, { env }));
  const signer = once(() => signerOf(config, means));
  const attesting = once(() =>
    attestingOf(config, signer(), { ...means, registry: registry(), now: clock.now }),
  );
  const publisher = once(() => publisherOf(config, { env }, observer));
  const facts = once(() => factsOf(config, means, clock.now));
  const publishing = once(() => {
    const able = attesting();
    requireSigningKeys(config, { env });
    return able;
  });
  const reviewPorts = () => ({
    resolver: registry(),
    evidence: facts().evidence,
    observer,
    attesting: config.dryrun ? undefined : publishing(),
  });
  const deliveryPorts = () => ({ ...reviewPorts(), clock, publisher: publisher() });
  const { platforms } = config;
  const customChecks = await loadCustomChecks(config);

  const checksNamed = (names: readonly string[]) => checksOf(config, customChecks, names);
  const events = once(() => ({
    checks: checksNamed(["all"]),
    platforms,
    onlyHostsOf: config.validRepos,
    deadline: config.limits.timeoutSeconds * 1000,
    maxAttempts: config.events.maxAttempts,
    maxMinutes: config.pending.maxMinutes,
    source: sourceOf(env),
  }));
  const handleMessage = (message: Envelope, deadline: number) =>
    deliverMessage(message, { ...events(), deadline }, deliveryPorts());
  const secretOf = webhookSecrets(means.secrets);
  return {
    config,
    observer,
    clock,
    checksNamed,
    resolve: (image, signal) => registry().resolve(image, signal),
    async check(image, checks, existing, signal, onlyHostsOf) {
      const request = { image, checks, platforms, existing, onlyHostsOf };
      const followed = { name: "check", kind: "command" } as const;
      const reviewed = await observer.follow(followed, () => review(request, reviewPorts(), signal));
      return toVerdict(reviewed, image.tag);
    },
    async verify(image, checks, signal, onlyHostsOf) {
      const { store, keyRing } = attesting();
      const request = { image, checks, platforms, onlyHostsOf };
      const ports = { resolver: registry(), store, keyRing, observer };
      const followed = { name: "verify", kind: "command" } as const;
      const verified = await observer.follow(followed, () => verify(request, ports, signal));
      return { verdict: toVerdict(verified, image.tag), attested: attestedBy(verified) };
    },
    async verifyWithKey(request, signal) {
      const verified = await verifyWithKeyFile(request, { config, registry: registry() }, signal);
      return { verdict: toVerdict(verified, request.image.tag), attested: attestedBy(verified) };
    },
    publicKeys: () => signer().publicKeys(),
    prepareStore: (checks, signal) =>
      attesting().store.prepare(
        checks.map(({ name }) => name),
        signal,
      ),
    standing(request, checks, signal) {
      const ports = { resolver: registry(), store: attesting().store };
      return findStanding(
        request,
        checks.map(({ name }) => name),
        ports,
        signal,
      );
    },
    async revoke(standing, because, signal) {
      const withdrawn = await withdraw(standing, attesting().store, signal);
      for (const { subject, where, stored, error } of withdrawn) {
        const entry = {
          ...because,
          image: formatReference(subject),
          where,
          check: stored.checkName,
          occurrence: stored.id,
        };
        if (error === undefined) observer.record("WARNING", "attestation withdrawn", entry);
        else observer.record("ERROR", "attestation could not be withdrawn", { ...entry, error });
      }
      return withdrawn;
    },
    requireEventsReviewable() {
      events();
      deliveryPorts();
    },
    requireRequestsAnswerable() {
      for (const [name, checks] of groupsOf(config)) if (checks.length > 0) checksNamed([name]);
      reviewPorts();
    },
    serverPassword: () => serverPasswordOf(config, google, { env }),
    deliver: (request) => deliver(request, events(), deliveryPorts()),
    deliverOccurrence: (request) =>
      deliverOccurrence(request, events(), { ...deliveryPorts(), announcements: facts().announcements }),
    async requireWebhooksServable() {
      requireWebhook(config);
      await means.secrets();
      if (publisher().has("push")) return;
      events();
      deliveryPorts();
    },
    async deliverWebhook(request) {
      // Loaded here: what reads webhooks is of no use to other functions.
      const { deliverWebhook } = await import("./delivery/deliver-webhook.ts");
      const ports = { clock, observer, publisher: publisher(), secretOf, review: handleMessage };
      return deliverWebhook(request, config.limits.timeoutSeconds * 1000, ports);
    },
    subscribe(request, stop) {
      return subscribe(request, { config, observer, env, deliver: handleMessage }, stop);
    },
    replay(request, listener, stop) {
      const store = () => attesting().store;
      const needs = { repositories: registry, store, settings: events, ports: deliveryPorts, checksNamed };
      return replayEvents(request, { config, clock, observer, env, ...needs }, listener, stop);
    },
    close: () => observer.close(),
  };
}
