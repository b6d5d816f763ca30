import { describe, expect, it } from "vitest";
import { parseDiscovery, parseDiscoveryV1Beta1 } from "../../lib/grafeas/discovery.ts";
import { protoJsonErrors } from "../support/proto-json.ts";

const createTime = "2026-11-25T10:00:00.123456789Z";
const updateTime = "2026-11-25T11:00:00Z";

/** Both versions of the API, which say the same in other places. */
const VERSIONS = [
  [
    "v1",
    (discovery: object) => {
      const document = { kind: "DISCOVERY", createTime, updateTime, discovery };
      expect(protoJsonErrors("grafeas.v1.Occurrence", document)).toEqual([]);
      return parseDiscovery(document);
    },
  ],
  [
    "v1beta1",
    (discovered: object) =>
      parseDiscoveryV1Beta1({ kind: "DISCOVERY", createTime, updateTime, discovered: { discovered } }),
  ],
] as const;

describe.each(VERSIONS)("a discovery of %s", (_version, read) => {
  it.each([
    ["PENDING", "pending"],
    ["SCANNING", "scanning"],
    ["FINISHED_SUCCESS", "finished"],
    ["COMPLETE", "finished"],
    ["FINISHED_FAILED", "failed"],
    ["FINISHED_UNSUPPORTED", "unsupported"],
    ["ANALYSIS_STATUS_UNSPECIFIED", "pending"],
  ])("that is %s is %s", (analysisStatus, state) => {
    expect(read({ analysisStatus })).toMatchObject({ state });
  });

  it("without a status is pending, and has its times all the same", () => {
    expect(read({})).toEqual({
      state: "pending",
      stale: false,
      errors: [],
      since: new Date("2026-11-25T10:00:00.123Z"),
      updatedAt: new Date(updateTime),
    });
  });

  it.each([
    ["INACTIVE", true],
    ["ACTIVE", false],
    ["CONTINUOUS_ANALYSIS_UNSPECIFIED", false],
  ])("of an image whose watch is %s is stale: %s", (continuousAnalysis, stale) => {
    expect(read({ analysisStatus: "FINISHED_SUCCESS", continuousAnalysis })).toMatchObject({ stale });
  });

  it("tells its errors, each once, those that are meant for people among them", () => {
    const localized = {
      "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
      locale: "en-US",
      message: "The base image is not known.",
    };
    const analysisError = [
      { code: 3, message: "layer 2 is corrupt" },
      { code: 3, message: "layer 2 is corrupt" },
      { code: 13 },
    ];
    expect(read({ analysisError, analysisStatusError: { message: "", details: [localized] } })).toMatchObject(
      { errors: ["layer 2 is corrupt", "The base image is not known."] },
    );
  });
});

describe("a discovery of a status that is not known here", () => {
  it("counts as one that is still to come", () => {
    expect(parseDiscovery({ discovery: { analysisStatus: "FINISHED_SOMEHOW" } })).toMatchObject({
      state: "pending",
    });
  });
});

describe("a discovery with broken parts", () => {
  it("has no time where that is none", () => {
    expect(parseDiscovery({ createTime: "yesterday", discovery: {} })).toEqual({
      state: "pending",
      stale: false,
      errors: [],
    });
  });

  it("cannot be read with another document in its place", () => {
    expect(parseDiscovery({ discovery: [] })).toBeUndefined();
    expect(parseDiscoveryV1Beta1({ discovered: { discovered: { analysisStatus: 3 } } })).toBeUndefined();
  });
});
