import { describe, expect, it } from "vitest";
import { parseImageConfig } from "../../lib/image/image-config.ts";

const read = (document: unknown) =>
  parseImageConfig(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)));
const refused = (document: unknown) => expect(() => read(document));
const malformed = expect.objectContaining({ name: "VoucherError", code: "malformed" });
const amd64 = { os: "linux", architecture: "amd64" };

describe("an image config", () => {
  it("says the user and the platform, with all of its parts", () => {
    const document = {
      os: "windows",
      architecture: "amd64",
      variant: "v2",
      "os.version": "10.0.1",
      "os.features": ["win32k"],
      config: { User: "app:app", Cmd: ["x"], ExposedPorts: { "80/tcp": {} } },
      rootfs: { type: "layers", diff_ids: [] },
      history: [{ created: "2026-01-01T00:00:00Z" }],
    };
    expect(read(document)).toEqual({
      user: "app:app",
      platform: {
        os: "windows",
        architecture: "amd64",
        variant: "v2",
        osVersion: "10.0.1",
        osFeatures: ["win32k"],
      },
    });
  });

  it.each<[string, object]>([
    ["no config", {}],
    ["config is null", { config: null }],
    ["config is empty", { config: {} }],
    ["User is null", { config: { User: null } }],
    ["User is empty", { config: { User: "" } }],
    ["a User elsewhere alone", { User: "app" }],
    ["the legacy container_config alone (what Voucher read)", { container_config: { User: "app" } }],
    ["a User that hides in __proto__", { config: JSON.parse('{"__proto__":{"User":"app"}}') }],
    ["a config that hides in __proto__", JSON.parse('{"__proto__":{"config":{"User":"app"}}}')],
  ])("names no user where there is %s", (_, more) => {
    expect(read(`${JSON.stringify({ ...amd64 }).slice(0, -1)}${rest(more)}}`).user).toBe("");
  });

  it("goes by config.User where the legacy container_config says something else", () => {
    const document = { ...amd64, container_config: { User: "app" }, config: { User: "root" } };
    expect(read(document).user).toBe("root");
  });

  it("leaves a variant out that says nothing", () => {
    expect(read({ ...amd64, variant: "", "os.version": "", "os.features": null }).platform).toEqual(amd64);
  });

  // Written out by hand, since an object literal would make __proto__ the prototype.
  function rest(more: object): string {
    const text = JSON.stringify(more).slice(1, -1);
    return text === "" ? "" : `,${text}`;
  }
});

describe("a document that is no image config", () => {
  it.each<[string, unknown]>([
    ["an empty object, as OCI's empty config is", {}],
    ["an array", []],
    ["null", null],
    ["no os", { architecture: "amd64" }],
    ["an empty os", { os: "", architecture: "amd64" }],
    ["no architecture", { os: "linux" }],
    ["an architecture that is a number", { os: "linux", architecture: 386 }],
    ["a user that is a number", { ...amd64, config: { User: 1000 } }],
    ["a config that is a list", { ...amd64, config: [] }],
    ["a Helm chart's", { name: "chart", version: "1.0.0", apiVersion: "v2" }],
  ])("is malformed: %s", (_, document) => {
    refused(document).toThrow(malformed);
  });

  it("says which member is unusable", () => {
    refused({ ...amd64, config: { User: 1000 } }).toThrow(/config\.User/);
    refused([]).toThrow("the image config is unusable: it is missing or has the wrong type");
  });
});

describe("an image config that can be read in two ways", () => {
  it.each<[string, unknown]>([
    ["user beside User", { ...amd64, config: { User: "app", user: "root" } }],
    ["USER alone", { ...amd64, config: { USER: "app" } }],
    ["Uſer, which Go reads as User", { ...amd64, config: { Uſer: "app" } }],
    ["Config beside config", { ...amd64, config: { User: "app" }, Config: { User: "root" } }],
    ["OS beside os", { ...amd64, OS: "windows" }],
    ["oſ, which Go reads as os", { ...amd64, oſ: "windows" }],
    ["User given twice", '{"os":"linux","architecture":"amd64","config":{"User":"app","User":"root"}}'],
    [
      "User given twice by an escape",
      '{"os":"linux","architecture":"amd64","config":{"User":"app","\\u0055ser":""}}',
    ],
    ["config given twice", '{"os":"linux","architecture":"amd64","config":{"User":"app"},"config":{}}'],
  ])("is refused: %s", (_, document) => {
    refused(document).toThrow(malformed);
  });
});
