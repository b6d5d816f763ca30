import { describe, expect, it } from "vitest";
import { openSourceEndpoint } from "../../lib/grafeas/open-source-endpoint.ts";

describe("grafeasos.hostname", () => {
  it.each([
    ["http://grafeas.internal:8080", "http://grafeas.internal:8080"],
    ["https://grafeas.example.com/", "https://grafeas.example.com"],
    ["https://example.com/grafeas/", "https://example.com/grafeas"],
  ])("may be %s, which is called without credentials", (hostname, base) => {
    expect(openSourceEndpoint(hostname)).toEqual({ base, local: true });
  });

  it.each(["grafeas.internal", "grafeas:8080", "ftp://grafeas", ""])(
    "is refused where it is no URL: %j",
    (hostname) => {
      expect(() => openSourceEndpoint(hostname)).toThrow(
        expect.objectContaining({
          code: "config",
          message: expect.stringContaining("write http://host:port"),
        }),
      );
    },
  );

  it.each(["http://me:secret@grafeas", "http://grafeas?x=1", "http://grafeas#x"])(
    "is refused with more than a place, and no secret is shown: %s",
    (hostname) => {
      expect(() => openSourceEndpoint(hostname)).toThrow(
        expect.objectContaining({ code: "config", message: expect.not.stringContaining("secret") }),
      );
    },
  );
});

describe("grafeasos.version", () => {
  it.each(["v1beta1", "/v1beta1/", ""])("may be written as Voucher's users did: %j", (version) => {
    expect(openSourceEndpoint("http://grafeas", version).base).toBe("http://grafeas");
  });

  it("is refused where it is not spoken", () => {
    expect(() => openSourceEndpoint("http://grafeas", "v1")).toThrow(/grafeasos\.version "v1".*has v1beta1/);
  });
});
