import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { loadConfig } from "../../lib/config/load.ts";

const FOLDER = new URL("../../examples/gke/", import.meta.url);

const Container = z.object({
  name: z.string(),
  image: z.string(),
  args: z.optional(z.array(z.string())),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  startupProbe: z.looseObject({}),
  readinessProbe: z.optional(z.looseObject({})),
  livenessProbe: z.optional(z.looseObject({})),
  resources: z.object({ requests: z.looseObject({}), limits: z.looseObject({}) }),
  securityContext: z.looseObject({}),
  volumeMounts: z.array(z.looseObject({ mountPath: z.string() })),
});
const Deployment = z.object({
  kind: z.literal("Deployment"),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        serviceAccountName: z.string(),
        securityContext: z.looseObject({}),
        containers: z.array(Container),
      }),
    }),
  }),
});
const Document = z.looseObject({
  kind: z.string(),
  metadata: z.optional(z.looseObject({ name: z.string() })),
});

const documents = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) => parseAllDocuments(readFileSync(new URL(name, FOLDER), "utf8")))
  .map((document) => Document.parse(document.toJS()));
const deployments = documents
  .filter(({ kind }) => kind === "Deployment")
  .map((document) => Deployment.parse(document))
  .map(({ metadata, spec }) => ({ name: metadata.name, pod: spec.template.spec }));

describe("the example for GKE", () => {
  it("has the subscribers and the API", () => {
    expect(deployments.map(({ name }) => name).sort()).toEqual([
      "voucher-api",
      "voucher-subscriber",
      "voucher-waiting",
    ]);
  });

  describe.each(deployments)("$name", ({ name, pod }) => {
    const [container, ...others] = pod.containers;
    if (container === undefined) throw new Error(`${name} has no container`);

    it("runs as nobody in particular, and can gain nothing", () => {
      expect(others).toEqual([]);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    });

    it("is Google's service account by Workload Identity, and carries no token of Kubernetes", () => {
      const account = documents.find(({ kind }) => kind === "ServiceAccount");
      expect(pod.serviceAccountName).toBe(account?.metadata?.name);
      expect(account?.metadata?.["annotations"]).toHaveProperty(["iam.gke.io/gcp-service-account"]);
      expect(pod["automountServiceAccountToken"]).toBe(false);
    });

    it("finds its configuration where it is mounted", () => {
      expect(container.env).toContainEqual({ name: "VOUCHER_CONFIG", value: "/etc/voucher/config.toml" });
      expect(container.volumeMounts).toMatchObject([{ mountPath: "/etc/voucher", readOnly: true }]);
    });

    it("is logged as the container that Terraform counts", () => {
      expect(container.name).toBe("voucher");
    });
  });

  it("asks for nodes with Workload Identity in one patch, which Autopilot has to do without", () => {
    expect(deployments.map(({ pod }) => pod["nodeSelector"])).toEqual([undefined, undefined, undefined]);
    const kustomization = documents.find(({ kind }) => kind === "Kustomization");
    expect(kustomization?.["patches"]).toEqual([
      {
        target: { kind: "Deployment" },
        patch: expect.stringContaining('iam.gke.io/gke-metadata-server-enabled: "true"'),
      },
    ]);
  });

  it("probes the API by its ping", () => {
    const ping = { httpGet: { path: "/services/ping", port: "http" } };
    const [container] = deployments.find(({ name }) => name === "voucher-api")?.pod.containers ?? [];
    expect(container?.env).toContainEqual({ name: "FUNCTION_TARGET", value: "api" });
    expect([container?.startupProbe, container?.readinessProbe, container?.livenessProbe]).toMatchObject([
      ping,
      ping,
      ping,
    ]);
  });

  it("pulls the subscriptions that Terraform makes", () => {
    const pulled = deployments.flatMap(({ pod }) => pod.containers.map(({ args = [] }) => args.slice(1)));
    expect(pulled).toContainEqual(["subscribe", "--subscription", "voucher-push"]);
    expect(pulled).toContainEqual(["subscribe", "--subscription", "voucher-waiting"]);
  });

  it("has a configuration that Voucher takes, and that lets nobody in unasked", async () => {
    const file = fileURLToPath(new URL("config.toml", FOLDER));
    const { config, warnings } = await loadConfig({ file, env: {}, cwd: "/", home: "" });
    expect(warnings).toEqual([]);
    expect(config.server.auth).toBe("oidc");
  });
});
