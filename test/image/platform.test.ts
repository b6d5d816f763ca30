import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatPlatform,
  isRunnable,
  normalizePlatform,
  parsePlatform,
  samePlatform,
} from "../../lib/image/platform.ts";

const part = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,10}$/);

describe("a platform as text", () => {
  it("reads back as what it was: variant, case and all", () => {
    fc.assert(
      fc.property(part, part, fc.option(part, { nil: undefined }), (os, architecture, variant) => {
        const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
        expect(parsePlatform(formatPlatform(platform))).toEqual(platform);
      }),
    );
  });

  it.each([
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux//v7",
    "linux/arm/v7/x",
    "linux/arm/",
    "linux /amd64",
    "a/b\n",
  ])("is refused where it is none: %j", (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});

describe("comparing platforms, as containerd does", () => {
  it.each([
    ["linux/x86_64", "linux/amd64"],
    ["linux/x86-64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/i386", "linux/386"],
    ["Linux/AMD64", "linux/amd64"],
    ["macos/arm64", "darwin/arm64"],
  ])("%s is %s", (one, other) => {
    expect(samePlatform(parsePlatform(one), parsePlatform(other))).toBe(true);
    expect(formatPlatform(normalizePlatform(parsePlatform(one)))).toBe(other);
  });

  it.each([
    ["linux/amd64", "windows/amd64"],
    ["linux/amd64", "linux/386"],
    ["linux/amd64/v2", "linux/amd64"],
    ["linux/arm/v6", "linux/arm/v7"],
    ["linux/arm64", "linux/arm"],
    ["linux/arm64/v9", "linux/arm64"],
    ["linux/s390x", "linux/ppc64le"],
  ])("%s is not %s", (one, other) => {
    expect(samePlatform(parsePlatform(one), parsePlatform(other))).toBe(false);
  });

  it("leaves os.version and os.features out", () => {
    const windows = { os: "windows", architecture: "amd64" };
    expect(samePlatform({ ...windows, osVersion: "10.0.1", osFeatures: ["win32k"] }, windows)).toBe(true);
  });

  it("changes nothing that is normal already, and yields text, whatever the names are", () => {
    const anything = fc.record(
      {
        os: fc.oneof(fc.string(), fc.constantFrom("constructor", "__proto__", "linux")),
        architecture: fc.oneof(
          fc.string(),
          fc.constantFrom("constructor", "__proto__", "arm", "armel", "x86_64"),
        ),
        variant: fc.oneof(fc.string(), fc.constantFrom("v8", "8", "v7", "7", "v1")),
      },
      { requiredKeys: ["os", "architecture"] },
    );
    fc.assert(
      fc.property(anything, (platform) => {
        const normal = normalizePlatform(platform);
        expect(Object.values(normal).every((value) => typeof value === "string")).toBe(true);
        expect(normalizePlatform(normal)).toEqual(normal);
        expect(samePlatform(platform, normal)).toBe(true);
      }),
    );
  });
});

describe("a platform that could run", () => {
  it("is every one but unknown", () => {
    expect(isRunnable({ os: "unknown", architecture: "unknown" })).toBe(false);
    expect(isRunnable({ os: "linux", architecture: "unknown" })).toBe(false);
    expect(isRunnable({ os: "linux", architecture: "amd64" })).toBe(true);
    expect(isRunnable({ os: "", architecture: "" })).toBe(true);
  });
});
