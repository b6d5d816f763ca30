import { describe, expect, it } from "vitest";
import { redact } from "../../lib/telemetry/redact.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("text with a secret in it", () => {
  it.each([
    ["https://user:hunter2@registry.example/v2/", "https://***@registry.example/v2/"],
    ["see https://ghp_abc@github.com/acme/app.git", "see https://***@github.com/acme/app.git"],
    [
      "GET https://s3.example/b?X-Amz-Credential=AKIA1&X-Amz-Signature=0af7&x=1 failed",
      "GET https://s3.example/b?X-Amz-Credential=***&X-Amz-Signature=***&x=1 failed",
    ],
    ["https://blob.example/c?sv=1&sig=abc%3D", "https://blob.example/c?sv=1&sig=***"],
    ["https://auth.example/token?access_token=abc.def", "https://auth.example/token?access_token=***"],
    ["Authorization: Bearer ya29.a0AfH6SMBx", "Authorization: Bearer ***"],
    ["Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: Basic ***"],
    ["it sent eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJnIn0.c2lnbmF0dXJl back", "it sent *** back"],
    ["the token ghs_0123456789abcdefABCD was refused", "the token *** was refused"],
    [
      "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\nafter",
      "-----BEGIN PRIVATE KEY----- ***\nafter",
    ],
    [
      "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGBF and it breaks off",
      "-----BEGIN PGP PRIVATE KEY BLOCK----- ***",
    ],
  ])("is shown without it: %s", (text, shown) => {
    expect(redact(text)).toBe(shown);
  });
});

describe("text without one", () => {
  it.each([
    `gcr.io/project/app:v1@${DIGEST}`,
    `https://gcr.io/v2/project/app/manifests/${DIGEST}`,
    "it uses Basic authentication and Bearer tokens",
    '{"critical":{"identity":{"docker-reference":"gcr.io/p/app"}}}',
    "-----BEGIN PGP MESSAGE-----\nowGbwMvMwMV\n-----END PGP MESSAGE-----",
    "a key in [[kms_keys]] has another algorithm; write someone@example.com",
  ])("stays as it is: %s", (text) => {
    expect(redact(text)).toBe(text);
  });
});

it("takes no longer than the text is long, whatever it is made of", () => {
  const hostile = [
    "a.".repeat(100_000),
    "https://".repeat(30_000),
    "Bearer ".repeat(30_000),
    "?a_".repeat(60_000),
  ];
  const started = performance.now();
  for (const text of hostile) redact(text);
  expect(performance.now() - started).toBeLessThan(2_000);
});
