import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describe, it } from "vitest";

/** A program that end-to-end tests run for real, and how a person gets it. */
interface Tool {
  readonly isThere: () => boolean;
  readonly get: string;
}

const TOOLS = {
  "docker-registry": {
    isThere: () => onPath("docker-registry") !== undefined,
    get: "apt install docker-registry",
  },
  skopeo: { isThere: () => onPath("skopeo") !== undefined, get: "apt install skopeo" },
  gpg: { isThere: () => onPath("gpg") !== undefined, get: "apt install gnupg" },
  script: { isThere: () => onPath("script") !== undefined, get: "apt install bsdutils" },
  curl: { isThere: () => onPath("curl") !== undefined, get: "apt install curl" },
  terraform: {
    isThere: () => onPath("terraform") !== undefined,
    get: "https://developer.hashicorp.com/terraform/install, 1.11 or later",
  },
  openssl: { isThere: () => onPath("openssl") !== undefined, get: "apt install openssl" },
  "pubsub-emulator": {
    isThere: () => onPath("java") !== undefined && hasEmulator(onPath("gcloud")),
    get: "Google Cloud CLI with its component pubsub-emulator, and Java",
  },
} as const satisfies { readonly [name: string]: Tool };

export type ToolName = keyof typeof TOOLS;

/**
 * Describes a suite that needs `tools`. Where one is missing the suite is skipped, and says which; with `CI=true` it fails,
 * since a build that skips its real components proves nothing.
 */
export function describeWith(tools: readonly ToolName[], title: string, suite: () => void): void {
  describeUnless(missingTools(tools), title, suite);
}

/** Which of `tools` this machine lacks, each with how a person gets it. */
export function missingTools(tools: readonly ToolName[]): ReadonlyMap<string, string> {
  const missing = tools.filter((tool) => !TOOLS[tool].isThere());
  return new Map(missing.map((tool) => [tool, TOOLS[tool].get]));
}

/** As {@link describeWith}, where the caller found out what is lacking: names, each with how a person gets it. */
export function describeUnless(lacking: ReadonlyMap<string, string>, title: string, suite: () => void): void {
  if (lacking.size === 0) {
    describe(title, suite);
    return;
  }
  const lack = [...lacking].map(([name, get]) => `${name} (${get})`).join(", ");
  if (process.env["CI"] === "true") {
    describe(title, () => {
      it("has the tools it needs", () => {
        throw new Error(`this machine lacks ${lack}`);
      });
    });
    return;
  }
  console.warn(`skipped: "${title}", since this machine lacks ${lack}`);
  describe.skip(`${title} [skipped: no ${[...lacking.keys()].join(", ")}]`, suite);
}

function onPath(command: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, command)).find((file) => existsSync(file));
}

/** The emulator is a component beside the CLI's own files; asking the CLI itself would take a second. */
function hasEmulator(gcloud: string | undefined): boolean {
  if (gcloud === undefined) return false;
  return existsSync(join(dirname(realpathSync(gcloud)), "..", "platform", "pubsub-emulator"));
}
