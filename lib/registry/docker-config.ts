import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { askHelper, type Environment } from "./credential-helper.ts";
import type { Credentials, CredentialsSource } from "./credentials.ts";

const Entry = z.object({
  auth: z.optional(z.string()),
  username: z.optional(z.string()),
  password: z.optional(z.string()),
  identitytoken: z.optional(z.string()),
});

const DockerConfig = z.object({
  auths: z.optional(z.nullable(z.record(z.string(), z.nullable(Entry)))),
  credHelpers: z.optional(z.nullable(z.record(z.string(), z.string()))),
  credsStore: z.optional(z.nullable(z.string())),
});
type DockerConfig = z.infer<typeof DockerConfig>;

/** The name under which Docker's clients keep the credentials of Docker Hub. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** The file that Docker's clients keep credentials in: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
export function dockerConfigPath(env: Environment): string | undefined {
  const folder = env["DOCKER_CONFIG"] || (env["HOME"] && join(env["HOME"], ".docker"));
  return folder ? join(folder, "config.json") : undefined;
}

/**
 * Returns the credentials that the Docker config file at `path` has or names: of a helper for that registry, else of the
 * credentials store, else of the file itself. `env` is the environment of the helpers. The file is read when it is
 * needed, so that a new sign-in counts; without a file there are no credentials. The source throws `config`.
 */
export function dockerConfigCredentials(path: string | undefined, env: Environment): CredentialsSource {
  return async (registry, signal) => {
    const config = path === undefined ? undefined : await readConfig(path);
    if (config === undefined) return undefined;
    const helper = valueFor(registry, config.credHelpers ?? {}) ?? (config.credsStore || undefined);
    const server = registry === "docker.io" ? DOCKER_HUB_KEY : registry;
    const helped = helper === undefined ? undefined : await askHelper(helper, server, env, signal);
    return helped ?? credentialsIn(valueFor(registry, config.auths ?? {}) ?? {}, registry);
  };
}

async function readConfig(path: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const missing =
      cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
    if (missing) return undefined;
    throw new VoucherError("config", `the Docker config ${path} can't be read; check its permissions`, {
      cause,
    });
  }
  const config = DockerConfig.safeParse(parsedOr(text));
  // Neither the parser's message nor what is wrong is quoted: both may hold a password.
  if (config.success) return config.data;
  throw new VoucherError(
    "config",
    `the Docker config ${path} is no valid JSON of credentials; sign in again, or mend it`,
  );
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The member for `registry`: by its name, else by a URL of it, as older clients wrote them. */
function valueFor<T>(registry: string, members: { readonly [key: string]: T }): T | undefined {
  const exact = Object.hasOwn(members, registry) ? members[registry] : undefined;
  return exact ?? Object.entries(members).find(([key]) => registryOf(key) === registry)?.[1];
}

function registryOf(key: string): string {
  const [host = ""] = key.replace(/^https?:\/\//, "").split("/");
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host.toLowerCase();
}

function credentialsIn(entry: z.infer<typeof Entry>, registry: string): Credentials | undefined {
  if (entry.identitytoken) return { identityToken: entry.identitytoken };
  if (entry.auth) {
    const [, username, password] = /^([^:]*):(.*)$/s.exec(decode(entry.auth)) ?? [];
    if (username === undefined || password === undefined) {
      throw new VoucherError(
        "config",
        `the Docker config has an unusable auth for ${registry}; sign in again (docker login ${registry})`,
      );
    }
    return { username, password };
  }
  const { username, password } = entry;
  return username && password ? { username, password } : undefined;
}

/** Some clients pad what they encode with NUL bytes. */
function decode(auth: string): string {
  return Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
}
