import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { json, listen } from "../../lib/local/server.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { selfSigned } from "../support/certificate.ts";
import { sentences, voucher } from "../support/cli.ts";
import { startProxy, type TestProxy } from "../support/proxy.ts";
import { tlsInFrontOf } from "../support/tls-front.ts";

const REGISTRY = "registry.example";
const GOOGLE = ["containeranalysis.googleapis.com", "oauth2.googleapis.com"];
const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });

/** A network in which only the proxy knows where names lead. */
describe("voucher behind a proxy", () => {
  let folder: string;
  let stack: Stack;
  let proxy: TestProxy;
  let env: { readonly [name: string]: string };
  const servers: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-proxy-"));
    stack = await startStack({ project: "attestors", checks: ["nobody"] });
    await pushSample(IMAGE, { url: stack.registry.url, repository: "team/app", tag: "v1" });
    const tokens = await listen({
      kindOf: () => "token",
      refuse: ({ status }) => json(status, {}),
      answer: () => json(200, { access_token: "ya29.token", expires_in: 3600, token_type: "Bearer" }),
    });
    const certificate = selfSigned([REGISTRY, ...GOOGLE]);
    const behind = [stack.registry, stack.grafeas, tokens];
    const fronts = await Promise.all(behind.map(({ host }) => tlsInFrontOf(host, certificate)));
    const known = new Map([REGISTRY, ...GOOGLE].map((name, at) => [`${name}:443`, fronts[at]?.host ?? ""]));
    proxy = await startProxy((asked) => known.get(asked) ?? 403);
    servers.push(tokens, ...fronts, proxy);

    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const account = {
      type: "service_account",
      client_email: "voucher@project.iam.gserviceaccount.com",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    };
    await writeFile(join(folder, "account.json"), JSON.stringify(account));
    await writeFile(join(folder, "ca.pem"), certificate.cert);
    await writeFile(join(folder, "nobody.pem"), (await generatePkixKey()).privateKey);
    await writeFile(
      join(folder, "voucher.toml"),
      `signer = "pkix"
binauth_project = "attestors"
checks = { nobody = true }
pkix_keys = [{ check = "nobody", path = "nobody.pem" }]
`,
    );
    env = {
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"),
      GOOGLE_APPLICATION_CREDENTIALS: join(folder, "account.json"),
    };
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await stack?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("reads the registry, signs in to Google and stores attestations through it", async () => {
    const result = await voucher(["check", `${REGISTRY}/team/app:v1`, "--json"], { cwd: folder, env });

    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(result.stdout)).toMatchObject({
      image: `${REGISTRY}/team/app@${IMAGE.root.digest}`,
      success: true,
      attested: true,
    });
    expect([...new Set(proxy.asked)].sort()).toEqual(
      [REGISTRY, ...GOOGLE].map((name) => `${name}:443`).sort(),
    );
    expect(stack.grafeas.occurrences()).toHaveLength(1);
  });

  it("asks no proxy for a host that NO_PROXY names, nor for one of this machine", async () => {
    const before = proxy.asked.length;
    const named = await voucher(["resolve", `${REGISTRY}/team/app:v1`, "--timeout", "5"], {
      cwd: folder,
      env: { ...env, NO_PROXY: REGISTRY },
    });
    const here = await voucher(["resolve", `${stack.registry.host}/team/app:v1`], { cwd: folder, env });

    expect(named.code).toBe(3);
    expect(here.code).toBe(0);
    expect(proxy.asked).toHaveLength(before);
  });

  it("says that it is the proxy which refuses, or is none", async () => {
    const refused = await voucher(["resolve", "elsewhere.example/app:v1"], { cwd: folder, env });
    const none = await voucher(["resolve", `${REGISTRY}/team/app:v1`], {
      cwd: folder,
      env: { ...env, HTTPS_PROXY: "socks5://user:s3cret@proxy" },
    });

    expect(refused.code).toBe(3);
    expect(sentences(refused)).toEqual([
      expect.stringContaining("the proxy does not lead to elsewhere.example (403); have it allowed there"),
    ]);
    expect(none.code).toBe(2);
    expect(sentences(none)).toEqual([
      "voucher: HTTPS_PROXY is no address of a proxy; write http://HOST:PORT",
    ]);
  });
});
