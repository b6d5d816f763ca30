import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { binauthzPayload, speaksOf } from "../../lib/attest/payload.ts";
import { digestOf } from "../../lib/image/digest.ts";
import { type Canonical, formatReference, parseCanonical } from "../../lib/image/reference.ts";

const run = promisify(execFile);

/** The signature payload as gcloud makes it; the command needs neither a network nor an account. */
async function gcloudPayload(subject: Canonical): Promise<Buffer> {
  const { stdout } = await run(
    "gcloud",
    ["container", "binauthz", "create-signature-payload", `--artifact-url=${formatReference(subject)}`],
    {
      encoding: "buffer",
      timeout: 60_000,
      env: { ...process.env, CLOUDSDK_AUTH_DISABLE_CREDENTIALS: "true" },
    },
  );
  return stdout;
}

const missing = await run("gcloud", ["--version"], { timeout: 60_000 }).then(
  () => false,
  () => true,
);
if (missing && process.env["CI"] === "true")
  throw new Error("gcloud is missing, and with CI=true it must not be");
const title = missing
  ? "gcloud's signature payload (skipped: gcloud is not installed)"
  : "gcloud's signature payload";

describe.skipIf(missing)(title, () => {
  const digest = digestOf(Buffer.from("an image"));
  const names = [
    "gcr.io/project/app",
    "docker.io/library/alpine",
    "eu-docker.pkg.dev/example.com/project/repo/app",
  ];

  it.each(names)("says the same of %s as ours, member for member", async (name) => {
    const subject = parseCanonical(`${name}@${digest}`);
    const theirs = await gcloudPayload(subject);
    expect(JSON.parse(String(theirs))).toEqual(JSON.parse(String(Buffer.from(binauthzPayload(subject)))));
    expect(speaksOf(theirs, subject)).toBe(true);
    expect(speaksOf(theirs, { ...subject, repository: `${subject.repository}2` })).toBe(false);
  });
});
