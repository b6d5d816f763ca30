import { readFile } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import type { App } from "../app.ts";

type Environment = { readonly [name: string]: string | undefined };

const CredentialsSchema = z.object({
  client_email: z.optional(z.string()),
  account: z.optional(z.string()),
});

/** Whoever runs this command, for the record: `user@host`, and the account that Google knows them by where that is written. */
export async function whoAsks({ config }: Pick<App, "config">, env: Environment): Promise<string> {
  const person = `${userName()}@${hostname()}`;
  const asksGoogle =
    config.metadataClient === "containeranalysis" && !config.containeranalysis.endpoint.startsWith("http:");
  const account = asksGoogle ? await googleAccount(env) : undefined;
  return account === undefined ? person : `${person} as ${account}`;
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Of the file that Application Default Credentials begin with; not every kind of them names an account. */
async function googleAccount(env: Environment): Promise<string | undefined> {
  const folder = env["CLOUDSDK_CONFIG"] || join(homedir(), ".config", "gcloud");
  const file = env["GOOGLE_APPLICATION_CREDENTIALS"] || join(folder, "application_default_credentials.json");
  try {
    const { client_email, account } = CredentialsSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return client_email || account || undefined;
  } catch {
    return undefined;
  }
}
