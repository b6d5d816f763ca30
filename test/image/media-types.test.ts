import { describe, expect, it } from "vitest";
import { essenceOf, isAttestationLayer, MANIFEST_ACCEPT, OCI_INDEX } from "../../lib/image/media-types.ts";

describe("the media type of a Content-Type header", () => {
  it.each([
    [`${OCI_INDEX}; charset=utf-8`, OCI_INDEX],
    [`${OCI_INDEX};charset="utf-8";q=1`, OCI_INDEX],
    [` ${OCI_INDEX} `, OCI_INDEX],
    [OCI_INDEX.toUpperCase(), OCI_INDEX],
    [OCI_INDEX, OCI_INDEX],
  ])("is without its parameters (Voucher rejected `; charset`): %j", (header, type) => {
    expect(essenceOf(header)).toBe(type);
  });

  it.each([undefined, "", "  ", "; charset=utf-8"])("is nothing where there is none: %j", (header) => {
    expect(essenceOf(header)).toBeUndefined();
  });
});

describe("a request for a manifest", () => {
  it("accepts both kinds of index and of manifest, and nothing else", () => {
    expect(MANIFEST_ACCEPT).toBe(
      "application/vnd.oci.image.index.v1+json, " +
        "application/vnd.docker.distribution.manifest.list.v2+json, " +
        "application/vnd.oci.image.manifest.v1+json, " +
        "application/vnd.docker.distribution.manifest.v2+json",
    );
  });
});

describe("a layer of signatures or attestations", () => {
  it.each([
    ["application/vnd.in-toto+json", true],
    ["application/vnd.dsse.envelope.v1+json", true],
    ["application/vnd.dev.cosign.simplesigning.v1+json", true],
    ["application/vnd.dev.sigstore.bundle.v0.3+json", true],
    ["application/vnd.dev.sigstore.bundle+json;version=0.2", true],
    ["application/vnd.dev.sigstore.bundlex", false],
    ["application/vnd.oci.image.layer.v1.tar+gzip", false],
    ["application/json", false],
  ])("%s: %s", (mediaType, expected) => {
    expect(isAttestationLayer(mediaType)).toBe(expected);
  });
});
