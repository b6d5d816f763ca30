import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, createApp, generatePkixKey } from "../lib/app.ts";
import { loadConfig } from "../lib/config/load.ts";
import { pushSample } from "../lib/local/push.ts";
import { sampleImage } from "../lib/local/samples.ts";
import { type Stack, startStack } from "../lib/local/stack.ts";
import { recordingObserver } from "./support/fake-ports.ts";
import { attested } from "./support/stage.ts";
import { signed } from "./support/webhooks.ts";

const SECRET = "shared by both";
const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });
const HARBOR = { webhook: { harbor: { secret: SECRET }, generic: { secret: SECRET } } };

let stack: Stack;
let folder: string;

beforeEach(async () => {
  stack = await startStack({ project: "prod", checks: ["nobody"] });
  folder = await mkdtemp(join(tmpdir(), "voucher-webhooks-"));
  await writeFile(join(folder, "nobody.pem"), (await generatePkixKey()).privateKey);
});

afterEach(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

async function appOf(settings: object, observer = recordingObserver()): Promise<App> {
  const file = join(folder, "voucher.json");
  await writeFile(file, JSON.stringify(settings));
  const { config } = await loadConfig({ file, env: {}, cwd: folder, home: "" });
  return createApp(config, { observer, env: { GOOGLE_CLOUD_PROJECT: "local" } });
}

/** Settings of a worker that attests, over the embedded stack. */
function attesting(more: object = {}): object {
  return {
    binauth_project: "prod",
    containeranalysis: { endpoint: stack.grafeas.url },
    signer: "pkix",
    pkix_keys: [{ check: "nobody", path: "nobody.pem" }],
    checks: { nobody: true },
    ...HARBOR,
    ...more,
  };
}

/** Announces the sample by our own format, as somebody who knows the secret. */
function announce(app: App, host = stack.registry.host) {
  const body = Buffer.from(JSON.stringify({ image: `${host}/team/app@${IMAGE.root.digest}`, tag: "v1" }));
  return app.deliverWebhook({
    source: "generic",
    headers: signed("generic", body, { secret: SECRET }),
    body,
  });
}

describe("a function for webhooks", () => {
  it("is not started where no webhook has a secret, since every one would be refused", async () => {
    for (const webhook of [{}, { harbor: {} }]) {
      const app = await appOf(attesting({ webhook }));
      await expect(app.requireWebhooksServable()).rejects.toThrow(
        expect.objectContaining({
          code: "config",
          message: expect.stringContaining("set webhook.SOURCE.secret"),
        }),
      );
    }
  });

  it("is not started where its pushes could be neither published nor reviewed", async () => {
    const app = await appOf({ checks: { nobody: true }, signer: "pkix", ...HARBOR });
    await expect(app.requireWebhooksServable()).rejects.toThrow(/no store for attestations is configured/);
  });

  it("needs neither checks, nor a key, nor a store where it publishes to a topic", async () => {
    const app = await appOf({ events: { push_topic: "pushes" }, ...HARBOR });
    await expect(app.requireWebhooksServable()).resolves.toBeUndefined();
  });

  it("needs no topic where it reviews", async () => {
    const app = await appOf(attesting());
    await expect(app.requireWebhooksServable()).resolves.toBeUndefined();
  });

  it("is not started with a topic that cannot be named", async () => {
    const app = await appOf({ events: { push_topic: "a/b" }, ...HARBOR });
    await expect(app.requireWebhooksServable()).rejects.toThrow(/events\.push_topic "a\/b" is no topic/);
  });
});

describe("a secret that cannot be read", () => {
  const webhook = { generic: { secret: "sm://projects/P/secrets" } };

  it("keeps the function from starting, and its name is said", async () => {
    const app = await appOf(attesting({ webhook }));
    await expect(app.requireWebhooksServable()).rejects.toThrow(
      /webhook\.generic\.secret: is no reference to a secret/,
    );
  });

  it("has requests told to come back, and they are not told why", async () => {
    const observer = recordingObserver();
    const app = await appOf(attesting({ webhook }), observer);

    const answer = await announce(app);

    expect(answer).toEqual({
      status: 503,
      reason: expect.stringMatching(/cannot be found out now; try again$/),
    });
    expect(observer.entries).toMatchObject([{ severity: "ERROR", message: "webhook refused" }]);
  });
});

describe("a push that a webhook announces", () => {
  it("is reviewed in the request and attested before the answer", async () => {
    await pushSample(IMAGE, { url: stack.registry.url, repository: "team/app", tag: "v1" });

    const answer = await announce(await appOf(attesting()));

    expect(answer).toEqual({ status: 204 });
    expect(attested(stack)).toEqual([`nobody ${IMAGE.root.digest}`]);
  });

  it("comes back while the registry does not have it, as any push does", async () => {
    const answer = await announce(await appOf(attesting()));

    expect(answer.status).toBe(503);
  });

  it("never has a host contacted that valid_repos does not name, whoever signed for it", async () => {
    const observer = recordingObserver();
    const app = await appOf(attesting({ valid_repos: ["registry.example.com/team"] }), observer);
    stack.registry.traffic.reset();

    const answer = await announce(app);

    expect(answer).toEqual({ status: 204 });
    expect(stack.registry.traffic.count()).toBe(0);
    expect(observer.entries).toMatchObject([
      {
        severity: "INFO",
        message: "event ignored",
        fields: { reason: expect.stringContaining("valid_repos") },
      },
    ]);
  });
});
