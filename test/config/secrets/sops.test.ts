import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSops } from "../../../lib/config/secrets/sops.ts";
import { folderWith, problemsOf } from "../folder.ts";

const BY_HAND = "run sops --decrypt on it by hand, which says more";

/** Reads a file with a program `sops` that is this shell script. The real one is in test/e2e/secrets.test.ts. */
async function readWith(script: string, { file = "s.json", env = {} } = {}) {
  const folder = await folderWith({ "bin/sops": `#!/bin/sh\n${script}\n`, [file]: '{"token": "s3cret"}' });
  await chmod(join(folder, "bin/sops"), 0o700);
  return readSops(join(folder, file), { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, ...env });
}

describe("a SOPS file", () => {
  it.each([
    ["s.json", "json"],
    ["s.yaml", "yaml"],
    ["s.YML", "yaml"],
    ["secrets.production", "json"],
  ])("is decrypted by sops: %s as %s", async (file, type) => {
    const args = await readWith('printf \'{"args": "%s"}\' "$*"', { file });
    expect(args["args"]).toMatch(
      new RegExp(`^--decrypt --input-type ${type} --output-type json /.*/${file.replace(".", "\\.")}$`),
    );
  });

  it("is decrypted with the environment that is handed down, and no other", async () => {
    const script = `printf '{"key": "%s", "home": "%s"}' "$SOPS_AGE_KEY_FILE" "$HOME"`;
    const env = { SOPS_AGE_KEY_FILE: "/keys/age.txt" };
    expect(await readWith(script, { env })).toEqual({ key: "/keys/age.txt", home: "" });
  });

  it("is not asked for by a prompt: sops finds nobody to ask", async () => {
    expect(await readWith("cat; echo '{}'")).toEqual({});
  });

  it.each([
    ["finds it changed", "exit 51", `was changed since it was encrypted; ${BY_HAND}`],
    ["finds a value of it changed", "exit 25", `was changed since it was encrypted; ${BY_HAND}`],
    ["fails", "exit 1", `could not be decrypted by sops (exit code 1); ${BY_HAND}`],
    ["is killed", "kill -9 $$", `could not be decrypted by sops (exit code none); ${BY_HAND}`],
    ["prints no JSON", "echo s3cret", "cannot be read as JSON"],
    ["prints no table", "echo '[\"s3cret\"]'", "must be a table of settings at its top"],
    ["never stops printing", "yes s3cret", "is larger than 1 MiB, which no file of secrets is"],
  ])("is refused where sops %s, whatever else it says", async (_, script, problem) => {
    expect(await problemsOf(readWith(`echo s3cret >&2; ${script}`))).toEqual([`s.json: ${problem}`]);
  });

  it("may be readable later where sops gets no key now", async () => {
    const error: unknown = await readWith("echo s3cret >&2; exit 128").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "unauthorized",
      message: expect.stringMatching(
        /\/s\.json: sops got none of the keys that it is encrypted for; run sops/,
      ),
    });
    expect(error).not.toHaveProperty("cause");
  });

  it("says what is missing where there is no sops", async () => {
    const folder = await folderWith({ "s.json": "{}" });
    expect(await problemsOf(readSops(join(folder, "s.json"), { PATH: folder }))).toEqual([
      "s.json: needs the program sops, and there is none on the PATH that can be run; install it (https://getsops.io)",
    ]);
  });

  it("says that the file is not there", async () => {
    const folder = await folderWith({});
    expect(await problemsOf(readSops(join(folder, "s.json"), {}))).toEqual([
      "s.json: cannot be read: there is no such file",
    ]);
  });

  it("is waited for no longer than is said, also where something that sops started goes on", async () => {
    const folder = await folderWith({ "bin/sops": "#!/bin/sh\nsleep 20 &\nsleep 20\n", "s.json": "{}" });
    await chmod(join(folder, "bin/sops"), 0o700);
    const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
    await expect(readSops(join(folder, "s.json"), env, 200)).rejects.toMatchObject({
      code: "timeout",
      retryable: true,
      message: expect.stringMatching(/s\.json: sops did not decrypt it within 0\.2 s/),
    });
  });
});
