import { describe, expect, it } from "vitest";
import { brokenOff } from "../../lib/registry/failure.ts";

describe("a request that got no whole answer", () => {
  it.each(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS"])(
    "because this machine has no connection left (%s) may be made again: nothing is wrong with the image",
    (code) => {
      const error = brokenOff("registry.example", Object.assign(new Error("connect"), { code }));
      expect(error).toMatchObject({
        code: "network",
        retryable: true,
        message: `registry.example could not be asked, as this machine has no connection left (${code})`,
      });
    },
  );

  it.each([
    ["its code", Object.assign(new Error("x"), { code: "EODD" }), "(EODD)"],
    [
      "its name, where its code is empty",
      Object.assign(new RangeError("x"), { code: undefined }),
      "(RangeError)",
    ],
    ["what it is, where it is no error", "x", "(Error)"],
  ])("for a reason that nobody foresaw is told by %s", (_, thrown, told) => {
    expect(brokenOff("registry.example", thrown)).toMatchObject({
      retryable: false,
      message: `registry.example could not be asked ${told}`,
    });
  });
});
