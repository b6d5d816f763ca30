import * as z from "zod/mini";
import { type Envelope, envelopeJson } from "../../attest/dsse.ts";
import { VoucherError } from "../../errors.ts";
import type { Digest } from "../../image/digest.ts";
import { tryParseJson } from "../../image/json.ts";
import { pastLimit } from "../../image/limits.ts";
import { DSSE_ENVELOPE, OCI_CONFIG, OCI_MANIFEST } from "../../image/media-types.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type { Tagged } from "../../registry/client.ts";
import { type Referrer, readReferrer } from "../../registry/referrer.ts";
import type { Documents } from "../../registry/registry.ts";
import type { NewManifest } from "../../registry/writer.ts";
import type { EditTag } from "./edit-tag.ts";
import { cosignTag, descriptorOf, jsonBytes } from "./layout.ts";

/** An envelope as a layer of cosign's tag. */
export type Layer = Omit<Referrer, "artifactType">;

/** The attestations that stand under `sha256-….att`, where cosign 1 and 2 keep them. */
export interface CosignTag {
  list(subject: Digest, signal: AbortSignal): Promise<readonly Layer[]>;
  add(
    subject: Digest,
    envelopes: readonly Envelope[],
    predicateType: string,
    signal: AbortSignal,
  ): Promise<void>;
  remove(subject: Digest, layer: Digest, signal: AbortSignal): Promise<void>;
}

export interface CosignTagOptions {
  readonly documents: Documents;
  readonly editTag: EditTag;
  /** The repository that holds them. */
  readonly target: Reference;
}

const PREDICATE_TYPE = "predicateType";
/** cosign takes a layer for a signature by this, though it says nothing here: the envelope has its own. */
const SIGNATURE = "dev.cosignproject.cosign/signature";

// Whatever else others put there stays as it is.
const ManifestSchema = z.looseObject({ schemaVersion: z.literal(2), layers: z.array(z.unknown()) });
type ManifestDocument = z.output<typeof ManifestSchema>;

const NOTHING: ManifestDocument = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };

/** The bytes of a layer: the same for the same envelope, so that its digest tells whether it stands there. */
export function envelopeLayer(envelope: Envelope): Uint8Array {
  return jsonBytes(envelopeJson(envelope));
}

/** The predicate type that a layer says it has, where it does. */
export function predicateTypeOf({ annotations }: Layer): string | undefined {
  return annotations[PREDICATE_TYPE];
}

export function cosignTagIn({ documents, editTag, target }: CosignTagOptions): CosignTag {
  const { limits } = documents;
  const tagOf = (subject: Digest): Reference => ({
    registry: target.registry,
    repository: target.repository,
    tag: cosignTag(subject),
  });

  function read(tagged: Tagged | undefined, tag: Reference): ManifestDocument {
    if (tagged === undefined) return NOTHING;
    const parsed = ManifestSchema.safeParse(tryParseJson(tagged.bytes));
    if (parsed.success) return parsed.data;
    const message = `${formatReference(tag)} is where cosign keeps attestations, and holds something else; delete that tag`;
    throw new VoucherError("malformed", message);
  }

  /** The manifest with these layers. Its config, which only says how many there are, is put first. */
  async function withLayers(
    document: ManifestDocument,
    layers: readonly unknown[],
    signal: AbortSignal,
  ): Promise<NewManifest> {
    const diffIds = layers.flatMap((layer) => readReferrer(layer)?.digest ?? []);
    const config = jsonBytes({
      architecture: "",
      os: "",
      config: {},
      rootfs: { type: "layers", diff_ids: diffIds },
    });
    await documents.putBlob(target, config, signal);
    const manifest = {
      ...document,
      mediaType: OCI_MANIFEST,
      config: descriptorOf(OCI_CONFIG, config),
      layers,
    };
    return { bytes: jsonBytes(manifest), mediaType: OCI_MANIFEST };
  }

  return {
    async list(subject, signal) {
      const tag = tagOf(subject);
      const { layers } = read(await documents.tagged(tag, signal), tag);
      if (layers.length > limits.documents)
        throw pastLimit(limits, "documents", `${formatReference(tag)} has ${layers.length} layers`);
      return layers
        .flatMap((layer) => readReferrer(layer) ?? [])
        .filter(({ mediaType }) => mediaType === DSSE_ENVELOPE);
    },

    async add(subject, envelopes, predicateType, signal) {
      const tag = tagOf(subject);
      const added = envelopes.map((envelope) => {
        const bytes = envelopeLayer(envelope);
        const annotations = { [SIGNATURE]: "", [PREDICATE_TYPE]: predicateType };
        return { bytes, layer: { ...descriptorOf(DSSE_ENVELOPE, bytes), annotations } };
      });
      await Promise.all(added.map(({ bytes }) => documents.putBlob(target, bytes, signal)));
      const edit = (now: Tagged | undefined) => {
        const document = read(now, tag);
        const standing = new Set(document.layers.map((layer) => readReferrer(layer)?.digest));
        const missing = added.filter(({ layer }) => !standing.has(layer.digest));
        if (missing.length === 0) return undefined;
        return withLayers(document, [...document.layers, ...missing.map(({ layer }) => layer)], signal);
      };
      await editTag(documents, tag, edit, signal);
    },

    async remove(subject, layer, signal) {
      const tag = tagOf(subject);
      const edit = (now: Tagged | undefined) => {
        const document = read(now, tag);
        const kept = document.layers.filter((one) => readReferrer(one)?.digest !== layer);
        if (kept.length === document.layers.length) return undefined;
        return withLayers(document, kept, signal);
      };
      await editTag(documents, tag, edit, signal);
    },
  };
}
