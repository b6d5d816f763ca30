import { sign } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Sample, sampleImage } from "../../lib/local/samples.ts";
import { generatePkixKey } from "../../lib/sign/generate.ts";
import { voucher } from "../support/cli.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { type CheckName, checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const IMAGE = sampleImage({ platform: "linux/amd64" });
const OTHER = sampleImage({ platform: "linux/amd64", user: "10001" });

describeWith(["docker-registry", "skopeo"], "an attestation that is not what it stands for", () => {
  let stage: Stage;
  let name: string;
  let config: string;

  beforeAll(async () => {
    stage = await openStage();
    name = `${stage.registry.host}/team/app`;
    config = await stage.configure();
    await skopeoPush(IMAGE, `${name}:v1`);
    await skopeoPush(OTHER, `${name}:other`);
  });

  beforeEach(async () => {
    await stage.withdrawAll();
  });

  afterAll(async () => {
    await stage?.close();
  });

  interface Planted {
    readonly check: CheckName;
    readonly payloadOf?: Sample;
    readonly repository?: string;
    readonly privateKey: string;
    readonly keyId: string;
  }

  /** Puts an attestation of IMAGE into Grafeas, as anybody could who may write there. */
  async function plant({ check, payloadOf = IMAGE, repository = name, privateKey, keyId }: Planted) {
    const payload = Buffer.from(
      `{"critical":{"identity":{"docker-reference":"${repository}"},"image":{"docker-manifest-digest":"${payloadOf.root.digest}"},"type":"Google cloud binauthz container signature"}}`,
    );
    const signature = sign("sha256", payload, privateKey).toString("base64");
    const response = await fetch(`${stage.grafeas.url}/v1/projects/attestors/occurrences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        noteName: `projects/attestors/notes/${check}`,
        resourceUri: `https://${name}@${IMAGE.root.digest}`,
        kind: "ATTESTATION",
        attestation: {
          serializedPayload: payload.toString("base64"),
          signatures: [{ signature, publicKeyId: keyId }],
        },
      }),
    });
    expect(response.status).toBe(200);
  }

  async function verifyNobody(): Promise<number | null> {
    const args = ["verify", "-c", config, `${name}:v1`, "--check", "nobody", "--json"];
    return (await voucher(args, { cwd: stage.folder })).code;
  }

  it("counts where it is genuine: the control of this suite", async () => {
    await plant({ check: "nobody", ...stage.keys.nobody });

    expect(await verifyNobody()).toBe(0);
  });

  it("does not count where it is diy's, copied under nobody's note", async () => {
    await plant({ check: "nobody", ...stage.keys.diy });

    expect(checksAttested(stage, IMAGE.root.digest)).toEqual(["nobody"]);
    expect(await verifyNobody()).toBe(1);
  });

  it("does not count where it was signed by a stranger, in the name of nobody's key", async () => {
    const { privateKey } = await generatePkixKey();
    await plant({ check: "nobody", privateKey, keyId: stage.keys.nobody.keyId });

    expect(await verifyNobody()).toBe(1);
  });

  it("does not count where it speaks of another digest", async () => {
    await plant({ check: "nobody", payloadOf: OTHER, ...stage.keys.nobody });

    expect(await verifyNobody()).toBe(1);
  });

  it("does not count where it speaks of another repository", async () => {
    await plant({ check: "nobody", repository: `${name}-evil`, ...stage.keys.nobody });

    expect(await verifyNobody()).toBe(1);
  });
});
