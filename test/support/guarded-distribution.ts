import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Certificate } from "./certificate.ts";
import { startProcess } from "./processes.ts";

/** How a registry is guarded. Without anything it is open, over plain http. */
export interface Guard {
  readonly tls?: Certificate;
  /** Lets in `user` with the password `open sesame`. */
  readonly htpasswd?: boolean;
  /** Lets in who has a token of this issuer. */
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly cert: string;
  };
}

export const USERNAME = "user";
export const PASSWORD = "open sesame";
/** bcrypt, as Distribution wants it. */
const PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW";

/**
 * CNCF Distribution in a process of its own, on what lies in `folder`: several at once serve the same images, each behind
 * another guard. Returns its host, and the paths of all requests so far.
 */
export async function startGuarded(folder: string, name: string, guard: Guard = {}) {
  const file = (suffix: string) => join(folder, `${name}.${suffix}`);
  await writeFile(file("htpasswd"), `${USERNAME}:${PASSWORD_HASH}\n`);
  await writeFile(file("crt"), guard.tls?.cert ?? guard.token?.cert ?? "");
  await writeFile(file("key"), guard.tls?.key ?? "");
  const { token } = guard;
  const config = {
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "storage") }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      secret: "no secret",
      ...(guard.tls === undefined ? {} : { tls: { certificate: file("crt"), key: file("key") } }),
    },
    ...(guard.htpasswd === true ? { auth: { htpasswd: { realm: "test", path: file("htpasswd") } } } : {}),
    ...(token === undefined
      ? {}
      : {
          auth: {
            token: {
              realm: token.realm,
              service: token.service,
              issuer: token.issuer,
              rootcertbundle: file("crt"),
            },
          },
        }),
  };
  await writeFile(file("yml"), stringify(config));
  const server = await startProcess("docker-registry", ["serve", file("yml")], {
    ready: /listening on (127\.0\.0\.1:\d+)/,
  });
  return { host: server.ready?.[1] ?? "", close: () => server.close() };
}
