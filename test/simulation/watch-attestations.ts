import type { Contents } from "./contents.ts";
import type { CheckName, ContentName, History } from "./history.ts";
import { isSignatureOf, type Keys } from "./keys.ts";
import { EPOCH, PROJECTS } from "./names.ts";
import { keysOf, type OccurrenceDocument } from "./occurrences.ts";
import type { Claim, Oracle } from "./oracle.ts";
import type { Scheduler } from "./scheduler.ts";

export interface AttestationWatch {
  /** Looks at an attestation that an instance with these keys has just written. */
  wrote(by: string, keys: Keys, document: OccurrenceDocument, replaced: OccurrenceDocument | undefined): void;
  /** Looks at an attestation that an instance has just taken away. */
  deleted(by: string, keys: Keys, document: OccurrenceDocument): void;
  /** Requires that nothing is attested twice now. */
  requireOnce(): void;
  /** Whether an attestation of `claim` stands that counts for whoever trusts the keys of `keys`. */
  counts(repository: string, claim: Claim, keys: Keys): boolean;
  /** As {@link counts}, for one that has stood unchanged since `moment` at the latest. */
  hasStood(repository: string, claim: Claim, keys: Keys, moment: number): boolean;
  /** The occurrences under which `claim` stands, whoever made them. */
  standing(repository: string, claim: Claim): readonly OccurrenceDocument[];
}

export interface AttestationWatchOptions {
  readonly history: History;
  readonly contents: Contents;
  readonly oracle: Oracle;
  readonly scheduler: Scheduler;
  readonly attestations: () => readonly OccurrenceDocument[];
}

/** From when an instance looks for what stands until the last that it writes has arrived. */
const LONGEST_REVIEW_MS = 360_000;

/** Sees to it that what is attested is true, said once, and signed by the key that is to say it. */
export function watchAttestations(options: AttestationWatchOptions): AttestationWatch {
  const { history, contents, oracle, scheduler, attestations } = options;

  /**
   * Where another key's attestation may stand beside ours, whoever saw only that one replaces it, while somebody who saw
   * nothing yet makes ours beside it: then it says the same twice, which nobody could have known.
   */
  const mayStandBeside =
    history.settings.services.conflict === "keys" &&
    history.happenings.some(({ kind }) => kind === "foreign" || kind === "rotation");

  /** Of two that are made there at once one goes again, but not in the same step. */
  const knowsNoConflict = history.settings.services.server === "open source";

  const hasStorms = history.weather.storms.length > 0;

  function placeOf(document: OccurrenceDocument): { repository: string; claim: Claim } | undefined {
    const [, repository = "", digest = ""] = /^https:\/\/([^@]+)@(.+)$/.exec(document.resourceUri) ?? [];
    const content: ContentName = contents.nameOf(digest);
    const [, check] =
      new RegExp(`^projects/${PROJECTS.attestations}/notes/(\\w+)$`).exec(document.noteName) ?? [];
    const known = history.settings.checks.find((name) => name === check);
    return known === undefined ? undefined : { repository, claim: { content, check: known } };
  }

  /** The keys of `check` whose signature on `document` is one over the right words. */
  function signers(document: OccurrenceDocument, check: CheckName, keys: Keys): readonly string[] {
    const payload = Buffer.from(document.attestation?.serializedPayload ?? "", "base64");
    if (payload.toString() !== wordsOf(document)) return [];
    return (document.attestation?.signatures ?? []).flatMap(({ signature, publicKeyId: id }) => {
      const isTrusted = keys.trusted.some((key) => key.check === check && key.id === id);
      return isTrusted && isSignatureOf(id, payload, Buffer.from(signature, "base64")) ? [id] : [];
    });
  }

  function standing(repository: string, { content, check }: Claim): readonly OccurrenceDocument[] {
    const uri = `https://${repository}@${contents.digestOf(content)}`;
    const note = `projects/${PROJECTS.attestations}/notes/${check}`;
    return attestations().filter((one) => one.resourceUri === uri && one.noteName === note);
  }

  function hasCountedSince(
    document: OccurrenceDocument,
    check: CheckName,
    keys: Keys,
    moment: number,
  ): boolean {
    const isOld = Date.parse(document.updateTime) - EPOCH <= moment;
    return isOld && signers(document, check, keys).length > 0;
  }

  return {
    wrote(by, keys, document, replaced) {
      const { resourceUri, noteName } = document;
      const said = `${noteName.split("/").at(-1)} of ${contents.nameOf(resourceUri.split("@")[1] ?? "")}`;
      scheduler.note(() => `${by} attested ${said} by ${keysOf(document).join(", ")}`);
      const place = placeOf(document);
      if (place === undefined)
        return scheduler.fail(`${by} attested something that nobody asked for: ${noteName}`);
      const { repository, claim } = place;
      const right = oracle.rightFrom(repository, claim);
      if (scheduler.now() < right) {
        const since = Number.isFinite(right) ? "yet" : "at any time";
        scheduler.fail(`${by} attested ${said} in ${repository}, which has not passed ${since}`);
      }
      const own = keys.signing.get(claim.check);
      if (own === undefined || !signers(document, claim.check, keys).includes(own))
        scheduler.fail(`${by} attested ${said} without a signature of ${own} that counts`);
      const others = standing(repository, claim).filter(({ name }) => name !== document.name);
      const before = replaced === undefined ? others : [...others, replaced];
      const known = scheduler.now() - LONGEST_REVIEW_MS - history.weather.lag;
      if (before.some((one) => hasCountedSince(one, claim.check, keys, known)))
        scheduler.fail(`${by} attested ${said} again, though it was attested`);
      const there = standing(repository, claim).flatMap(keysOf);
      const twice = there.find((key, at) => there.indexOf(key) !== at);
      if (twice !== undefined && !mayStandBeside && !knowsNoConflict)
        scheduler.fail(`${said} is attested twice by ${twice}`);
    },
    deleted(by, keys, document) {
      const place = placeOf(document);
      scheduler.note(() => `${by} takes ${document.name} away`);
      if (place === undefined)
        return scheduler.fail(`${by} took away what is not ours: ${document.noteName}`);
      const { repository, claim } = place;
      const hasCounted = signers(document, claim.check, keys).length > 0;
      if (hasCounted && standing(repository, claim).length === 0)
        scheduler.fail(`${by} took away the only attestation of ${claim.check} of ${claim.content}`);
    },
    requireOnce() {
      for (const document of attestations()) {
        const place = placeOf(document);
        // Who dies, or hears no answer, before he has seen that he came late cannot withdraw what he made.
        if (mayStandBeside || (knowsNoConflict && hasStorms) || place === undefined) continue;
        const { repository, claim } = place;
        const keys = standing(repository, claim).flatMap(keysOf);
        if (new Set(keys).size < keys.length)
          scheduler.fail(`${claim.check} of ${claim.content} is attested twice by one key, and stays so`);
      }
    },
    standing,
    counts: (repository, claim, keys) =>
      standing(repository, claim).some((one) => signers(one, claim.check, keys).length > 0),
    hasStood: (repository, claim, keys, moment) =>
      standing(repository, claim).some((one) => hasCountedSince(one, claim.check, keys, moment)),
  };
}

/** What has to be signed, letter by letter, as Binary Authorization reads it. */
export function wordsOf({ resourceUri }: Pick<OccurrenceDocument, "resourceUri">): string {
  const [name = "", digest = ""] = resourceUri.replace("https://", "").split("@");
  return `{"critical":{"identity":{"docker-reference":"${name}"},"image":{"docker-manifest-digest":"${digest}"},"type":"Google cloud binauthz container signature"}}`;
}
