import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { type ApiStage, openApiStage } from "../support/api-stage.ts";
import { type FunctionProcess, startFunction } from "../support/function-process.ts";
import { run } from "../support/processes.ts";
import { attested } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const SECRET = 'it\'s "one" of $ome kind';
const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });

/** The code of docs/webhooks.md in this language that holds `mark`. */
async function documented(language: string, mark: string): Promise<string> {
  const page = await readFile(new URL("../../docs/webhooks.md", import.meta.url), "utf8");
  const blocks = page.split(/^```/m).filter((_, at) => at % 2 === 1);
  const block = blocks.find((text) => text.startsWith(`${language}\n`) && text.includes(mark));
  if (block === undefined) throw new Error(`the page has no ${language} with ${mark}`);
  return block.slice(language.length);
}

describeWith(["openssl", "curl"], "what docs/webhooks.md says of a webhook that anybody may sign", () => {
  let stage: ApiStage;
  let onWebhook: FunctionProcess;

  beforeAll(async () => {
    stage = await openApiStage();
    const config = await stage.configure({ webhook: { generic: { secret: SECRET } } });
    onWebhook = await startFunction(config, {}, "onWebhook");
  });

  beforeEach(async () => {
    await pushSample(IMAGE, { url: stage.stack.registry.url, repository: "team/app", tag: "v1" });
  });

  afterEach(async () => {
    for (const { name } of stage.stack.grafeas.occurrences()) {
      await fetch(`${stage.stack.grafeas.url}/v1/${name}`, { method: "DELETE" });
    }
  });

  afterAll(async () => {
    await onWebhook?.close();
    await stage?.close();
  });

  const script = async (secret: string) =>
    run("bash", ["-euo", "pipefail", "-c", await documented("sh", "openssl")], {
      env: {
        IMAGE: `${stage.stack.registry.host}/team/app@${IMAGE.root.digest}`,
        TAG: "v1",
        VOUCHER: onWebhook.url,
        SECRET: secret,
      },
    });

  it("signs with openssl what is then attested", async () => {
    expect(await script(SECRET)).toMatchObject({ code: 0, stdout: "" });

    expect(attested(stage.stack)).toEqual([`diy ${IMAGE.root.digest}`, `nobody ${IMAGE.root.digest}`]);
  });

  it("fails with the sentence of the refusal, where the secret is another", async () => {
    const { code, stdout } = await script("another");

    expect(code).toBe(22); // curl's own for an answer of 400 or more
    expect(stdout).toMatch(/^the header Voucher-Signature does not sign/);
    expect(attested(stage.stack)).toEqual([]);
  });

  it("passes what ECR announces on, as a Lambda function", async () => {
    const file = join(stage.folder, "lambda.mjs");
    await writeFile(file, await documented("js", "dkr.ecr"));
    const event = {
      account: "123456789012",
      region: "eu-west-1",
      source: "aws.ecr",
      detail: {
        result: "SUCCESS",
        "repository-name": "team/app",
        "image-digest": IMAGE.root.digest,
        "action-type": "PUSH",
        "image-tag": "v1",
      },
    };
    const call = `import { handler } from ${JSON.stringify(pathToFileURL(file).href)}; await handler(${JSON.stringify(event)});`;
    const lambda = (secret: string) =>
      run(process.execPath, ["--input-type=module", "--eval", call], {
        env: { VOUCHER: onWebhook.url, SECRET: secret },
      });

    expect(await lambda(SECRET)).toMatchObject({ code: 0 });
    expect(onWebhook.deliveries.at(-1)).toMatchObject({
      image: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@${IMAGE.root.digest}`,
      outcome: "ignored",
      reason: expect.stringContaining("valid_repos"),
    });
    expect(await lambda("another")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("401 the header"),
    });
  });
});
