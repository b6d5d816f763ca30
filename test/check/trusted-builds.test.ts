import { describe, expect, it } from "vitest";
import { type Outcome, pending } from "../../lib/check/contract.ts";
import { trustedBuilds } from "../../lib/check/trusted-builds.ts";
import { digestOf } from "../../lib/image/digest.ts";
import type { BuildRecord } from "../../lib/ports.ts";
import { platformImage } from "../support/fake-images.ts";
import { BUILDER, build, evidenceWith, IMAGE, PROJECT, TRUST } from "./facts.ts";

const other = digestOf(Buffer.from("another image"));
const hex = IMAGE.reference.digest.slice("sha256:".length);
const without = (member: "builder" | "project"): BuildRecord => {
  const { [member]: _, ...record } = build();
  return record;
};

const trusted = async (found: readonly BuildRecord[], image = IMAGE, trust = TRUST) => {
  const answer = await trustedBuilds(evidenceWith({ image, builds: { found } }), trust);
  return "records" in answer ? answer.records : answer.outcome;
};
const reasonOf = (answer: readonly BuildRecord[] | Outcome) =>
  "status" in answer && answer.status === "fail" ? answer.reason : "no failure";

describe("a build record is trusted", () => {
  it.each<[string, Partial<BuildRecord>]>([
    ["whose builder, project and artifact all are right", {}],
    ["that built other artifacts too", { artifacts: [other, IMAGE.reference.digest] }],
    ["that names no source", { sources: [] }],
  ])("%s", async (_, more) => {
    const record = build(more);
    expect(await trusted([record])).toEqual([record]);
  });

  it("that was made for an index that led to the image: it vouches for its children by content", async () => {
    const [outer, inner] = [digestOf(Buffer.from("outer index")), digestOf(Buffer.from("inner index"))];
    const image = platformImage("linux/arm64", { via: [outer, inner] });
    for (const digest of [outer, inner, image.reference.digest]) {
      const record = build({ artifacts: [digest] });
      expect(await trusted([record], image)).toEqual([record]);
    }
  });

  it("beside others that are not: only the trusted ones are returned", async () => {
    const good = build({ id: "good" });
    expect(await trusted([build({ id: "bad", builder: "eve" }), good])).toEqual([good]);
  });
});

describe("a build record is not trusted", () => {
  it.each<[string, BuildRecord, string]>([
    ["of a stranger", build({ builder: "eve@example.com" }), 'was built by "eve@example.com", whom'],
    [
      "of a builder whose name only contains a trusted one",
      build({ builder: `x${BUILDER}` }),
      "was built by",
    ],
    ["of a trusted builder in other case", build({ builder: BUILDER.toUpperCase() }), "was built by"],
    ["without a builder", without("builder"), "names no builder"],
    ["with an empty builder", build({ builder: "" }), "names no builder"],
    ["of another project", build({ project: "eve" }), 'was built in the project "eve", which'],
    ["of a project whose name begins alike", build({ project: `${PROJECT}-2` }), "was built in the project"],
    ["without a project", without("project"), "names no project"],
    ["of another image", build({ artifacts: [other] }), `is of other artifacts ("${other}")`],
    ["of no artifact", build({ artifacts: [] }), "lists no artifact"],
  ])("%s", async (_, record, why) => {
    expect(reasonOf(await trusted([record]))).toContain(`no build record is trusted: ${record.id} ${why}`);
  });

  it.each([
    ["an empty one (it matched anything in Voucher)", ""],
    ["the end of the digest (Voucher matched by suffix)", hex.slice(-8)],
    ["its last character", hex.slice(-1)],
    ["the digest without its algorithm", hex],
    ["the algorithm alone", "sha256:"],
    ["the digest and more", `${IMAGE.reference.digest}0`],
    ["the digest in upper case", IMAGE.reference.digest.toUpperCase()],
  ])("by a checksum that is not exactly the digest: %s", async (_, checksum) => {
    expect(reasonOf(await trusted([build({ artifacts: [checksum] })]))).toContain("is of other artifacts");
  });

  it("by what others of its kind satisfy: builder, project and artifact must be right in one record", async () => {
    const found = [
      build({ id: "a", builder: "eve" }),
      build({ id: "b", project: "eve" }),
      build({ id: "c", artifacts: [other] }),
    ];
    expect(reasonOf(await trusted(found))).toMatch(
      /^no build record is trusted: a was .*; b was .*; c is .*$/,
    );
  });

  it("where empty names are configured as trusted", async () => {
    const trust = { trustedBuilderIdentities: [""], trustedProjects: [""] };
    expect(reasonOf(await trusted([build({ builder: "", project: "" })], IMAGE, trust))).toContain(
      "names no builder",
    );
    expect(
      reasonOf(await trusted([build({ project: "" })], IMAGE, { ...TRUST, trustedProjects: [""] })),
    ).toContain("names no project");
  });
});

describe("without a trusted build record", () => {
  it("says of three what was found, and counts the rest", async () => {
    const found = Array.from({ length: 5 }, (_, at) => build({ id: `record-${at}`, builder: "eve" }));
    expect(reasonOf(await trusted(found))).toMatch(/record-2 was built by "eve".* and 2 more$/);
  });

  it("is pending while one may still be written, with the reason and since when", async () => {
    const since = new Date("2026-11-25T11:30:00Z");
    const builds = { awaiting: "build", reason: "no build record yet", since } as const;
    expect(await trustedBuilds(evidenceWith({ builds }), TRUST)).toEqual({
      outcome: pending("build", "no build record yet, since 2026-11-25T11:30:00.000Z"),
    });
  });

  it("is pending where there is none at all, and says why there may never be one", async () => {
    const answer = await trusted([]);
    expect(answer).toMatchObject({ status: "pending", awaiting: "build" });
    expect("status" in answer && answer.status === "pending" && answer.reason).toContain("pushed itself");
  });

  it.each([
    ["trusted_builder_identities", { ...TRUST, trustedBuilderIdentities: [] }],
    ["trusted_projects", { ...TRUST, trustedProjects: [] }],
  ])("fails at once where %s is not set, and asks for nothing", async (setting, trust) => {
    const answer = await trustedBuilds(evidenceWith({}), trust);
    expect(answer).toEqual({
      outcome: { status: "fail", reason: `${setting} is not set, so no build is trusted` },
    });
  });
});
