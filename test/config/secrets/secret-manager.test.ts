import { describe, expect, it } from "vitest";
import {
  createSecretManager,
  isReference,
  parseSecretReference,
} from "../../../lib/config/secrets/secret-manager.ts";
import { type Answer, json } from "../../../lib/local/server.ts";
import { refusal, type Step, scripted } from "../../google/scripted.ts";

const VERSION = "projects/p/secrets/token/versions/3";

/** The text whose CRC32C is published as that algorithm's check value: 0xe3069283. */
const TEXT = "123456789";
const CHECKSUM = "3808858755";

function secret(data: string | Uint8Array = TEXT, dataCrc32c: unknown = CHECKSUM): Answer {
  const name = VERSION.replace("/p/", "/123456/");
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  return json(200, { name, payload: { data: Buffer.from(bytes).toString("base64"), dataCrc32c } });
}

async function manager(...steps: readonly Step[]) {
  const { endpoint, requests } = await scripted(...steps);
  return { access: createSecretManager({ endpoint: endpoint.base }).access, requests };
}

describe("a reference to a secret", () => {
  it.each([
    ["sm://projects/p/secrets/s/versions/1", "projects/p/secrets/s/versions/1"],
    [
      " sm://projects/example.com:p/secrets/S_-9/versions/latest\n",
      "projects/example.com:p/secrets/S_-9/versions/latest",
    ],
    ["sm://projects/123/secrets/s/versions/an-alias", "projects/123/secrets/s/versions/an-alias"],
  ])("is read: %j", (text, name) => {
    expect(isReference(text)).toBe(true);
    expect(parseSecretReference(text)).toBe(name);
  });

  it.each([
    "sm://",
    "sm://projects/p/secrets/s",
    "sm://projects/p/secrets/s/versions/",
    "sm://projects/p/secrets/s/versions/1/x",
    "sm://projects/p/secrets/../versions/1",
    "sm://projects/p/secrets/s/versions/1?x=y",
    "sm:///projects/p/secrets/s/versions/1",
    "sm://projects/p/locations/europe-west1/secrets/s/versions/1",
  ])("is none: %s", (text) => {
    expect(isReference(text)).toBe(true);
    expect(parseSecretReference(text)).toBeUndefined();
  });

  it.each(["s3cret", "", "projects/p/secrets/s/versions/1", "SM://x", "my sm://x"])(
    "is not meant: %j",
    (text) => {
      expect(isReference(text)).toBe(false);
      expect(parseSecretReference(text)).toBeUndefined();
    },
  );
});

describe("Secret Manager", () => {
  it("is asked for the version by its name, once, and not before the secret is needed", async () => {
    const { access, requests } = await manager(secret());
    expect(requests).toEqual([]);

    const both = await Promise.all([access(VERSION), access(VERSION)]);

    expect([...both, await access(VERSION)]).toEqual([TEXT, TEXT, TEXT]);
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET /v1/${VERSION}:access`]);
  });

  it("is asked for each version by itself", async () => {
    const { access, requests } = await manager(secret());
    await access(VERSION);
    await access(VERSION.replace("/3", "/latest"));
    expect(requests.map(({ path }) => path)).toEqual([
      `/v1/${VERSION}:access`,
      "/v1/projects/p/secrets/token/versions/latest:access",
    ]);
  });

  it.each([
    ["one line break at its end", `s3cret\n`, "1611524650", "s3cret"],
    ["all the others", "-----BEGIN\n-----END\n", "1285326213", "-----BEGIN\n-----END"],
  ])("leaves out of a secret %s", async (_, written, checksum, text) => {
    const { access } = await manager(secret(written, checksum));
    expect(await access(VERSION)).toBe(text);
  });

  it("is asked again after a passing failure", async () => {
    const { access, requests } = await manager(refusal(503), secret());
    expect(await access(VERSION)).toBe(TEXT);
    expect(requests).toHaveLength(2);
  });

  it("is asked again by whoever asks next after a refusal", async () => {
    const { access } = await manager(refusal(403, "PERMISSION_DENIED", "no"), secret());
    await expect(access(VERSION)).rejects.toMatchObject({
      code: "forbidden",
      message: `Secret Manager refused to access ${VERSION} (HTTP 403: no); the caller needs secretmanager.versions.access on projects/p/secrets/token`,
    });
    expect(await access(VERSION)).toBe(TEXT);
  });

  it("says what is not there", async () => {
    const { access } = await manager(refusal(404, "NOT_FOUND", "Secret Version not found."));
    await expect(access(VERSION)).rejects.toMatchObject({ code: "not-found" });
  });

  it.each([
    ["arrived changed", secret("123456780"), "its answer arrived damaged (wrong CRC32C)"],
    ["has no checksum", secret(TEXT, null), "answered something else"],
    ["has a number as its checksum", secret(TEXT, Number(CHECKSUM)), "answered something else"],
    ["has no payload", json(200, { name: VERSION }), "answered something else"],
    ["is nothing", json(200, {}), "answered something else"],
  ])("is not believed where its answer %s", async (_, answer, what) => {
    const { access } = await manager(answer);
    await expect(access(VERSION)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      message: `Secret Manager was to access ${VERSION}, and ${what}`,
    });
  });

  it("keeps text alone: anything else is refused, unquoted", async () => {
    const bytes = Buffer.from([0x73, 0x33, 0xff]);
    const { access } = await manager(secret(bytes, String(await checksumOf(bytes))));
    await expect(access(VERSION)).rejects.toMatchObject({
      code: "malformed",
      message: `the secret ${VERSION} is not UTF-8 text; add a version that is`,
    });
  });

  it("is never read past what a secret can be", async () => {
    const { access } = await manager(secret("x".repeat(200 * 1024)));
    await expect(access(VERSION)).rejects.toMatchObject({ code: "limit" });
  });

  it.each(["http://secrets.example.com", "ftp://127.0.0.1", "nowhere"])(
    "is not asked at %s, where a token would go out in the clear",
    (endpoint) => {
      expect(() => createSecretManager({ endpoint })).toThrow(/^secrets\.endpoint "/);
    },
  );
});

async function checksumOf(bytes: Uint8Array): Promise<number> {
  const { crc32c } = await import("@aws-crypto/crc32c");
  return crc32c(bytes);
}
