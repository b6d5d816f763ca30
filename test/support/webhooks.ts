import { createHmac } from "node:crypto";
import type { Headers } from "../../lib/event/envelope.ts";
import type { WebhookSource } from "../../lib/event/webhook/sources.ts";

/**
 * What registries send, by the fields that their public documentation names: CNCF Distribution, "Work with notifications";
 * Harbor, "Configure Webhook Notifications"; "Azure Container Registry webhook reference"; GitHub, "Webhook events and
 * payloads".
 */

export const HEX = "5e".repeat(32);
export const DIGEST = `sha256:${HEX}`;
export const DISTRIBUTION_V1 = "application/vnd.docker.distribution.events.v1+json";
export const DISTRIBUTION_V2 = "application/vnd.docker.distribution.events.v2+json";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** An object of parts, where `undefined` takes a part away. */
type Parts = { readonly [name: string]: unknown };

/** An event of Distribution: a manifest that was pushed by its digest. `references` are version 2's. */
export function distributionEvent({
  target = {},
  request = {},
  ...event
}: {
  readonly target?: Parts;
  readonly request?: Parts;
  readonly [name: string]: unknown;
} = {}): object {
  const repository = "team/app";
  return {
    id: "7d1b8e2c-3f0a-4c64-9d55-0a1f5a4c9b77",
    timestamp: "2026-11-25T11:59:30.123456789Z",
    action: "push",
    target: {
      mediaType: MANIFEST,
      size: 702,
      digest: DIGEST,
      length: 702,
      repository,
      url: `https://registry.example.com/v2/${repository}/manifests/${DIGEST}`,
      ...target,
    },
    request: {
      id: "a2f4",
      addr: "10.0.0.9:41234",
      host: "registry.example.com",
      method: "PUT",
      useragent: "skopeo/1.9.3",
      ...request,
    },
    actor: { name: "ci" },
    source: { addr: "registry-0:5000", instanceID: "b1c2" },
    ...event,
  };
}

export function harborData(resource: Parts = {}): object {
  return {
    resources: [{ digest: DIGEST, tag: "v1", resource_url: "harbor.example.com/team/app:v1", ...resource }],
    repository: {
      date_created: 1_764_072_000,
      name: "app",
      namespace: "team",
      repo_full_name: "team/app",
      repo_type: "private",
    },
  };
}

/** Harbor's own format. */
export function harborEvent(more: Parts = {}): object {
  return {
    type: "PUSH_ARTIFACT",
    occur_at: 1_795_608_000,
    operator: "ci",
    event_data: harborData(),
    ...more,
  };
}

/** Harbor's other format: a CloudEvent in structured mode. */
export function harborCloudEvent(more: Parts = {}): object {
  return {
    specversion: "1.0",
    requestid: "6c7d",
    id: "c0ffee00-0000-4000-8000-000000000001",
    source: "/projects/3/webhook/policies/5",
    type: "harbor.artifact.pushed",
    datacontenttype: "application/json",
    time: "2026-11-25T11:59:30Z",
    data: harborData(),
    operator: "ci",
    ...more,
  };
}

export function acrEvent({
  target = {},
  ...event
}: {
  readonly target?: Parts;
  readonly [name: string]: unknown;
} = {}): object {
  return {
    id: "0b9d6a55-57cf-4b7e-8f4e-2d1a6f1f7c11",
    timestamp: "2026-11-25T11:59:30.5Z",
    action: "push",
    target: {
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      size: 524,
      digest: DIGEST,
      length: 524,
      repository: "team/app",
      tag: "v1",
      ...target,
    },
    request: { id: "5", host: "example.azurecr.io", method: "PUT", useragent: "docker/27.0" },
    ...event,
  };
}

/** A delivery of GitHub's, under the name of its event; `version` stands over what a container's version holds. */
export function githubEvent(
  member: "package" | "registry_package",
  { version = {}, ...published }: { readonly version?: Parts; readonly [name: string]: unknown } = {},
): object {
  return {
    action: "published",
    [member]: {
      id: 17,
      name: "app",
      namespace: "Team",
      ecosystem: "CONTAINER",
      package_type: "CONTAINER",
      owner: { login: "Team", id: 5 },
      package_version: {
        id: 23,
        version: DIGEST,
        name: DIGEST,
        container_metadata: {
          tag: { name: "v1", digest: DIGEST },
          labels: { source: "https://github.com/Team/app" },
          manifest: { digest: DIGEST, media_type: MANIFEST, size: 702 },
        },
        package_url: "ghcr.io/Team/app:v1",
        ...version,
      },
      registry: { name: "GitHub CONTAINER registry", type: "CONTAINER", vendor: "GitHub Inc" },
      ...published,
    },
    repository: { full_name: "Team/app" },
    sender: { login: "Team" },
  };
}

/** The headers by which each source proves that it knows `secret`. */
export function signed(
  source: WebhookSource,
  body: string | Uint8Array,
  { secret, now = new Date() }: { readonly secret: string; readonly now?: Date },
): { readonly [name: string]: string } {
  const hmac = (text: string | Uint8Array) => createHmac("sha256", secret).update(text);
  switch (source) {
    case "github":
      return { "x-hub-signature-256": `sha256=${hmac(body).digest("hex")}` };
    case "generic": {
      const stamp = String(Math.floor(now.getTime() / 1000));
      const signature = hmac(`${stamp}.`).update(body).digest("hex");
      return { "voucher-timestamp": stamp, "voucher-signature": `sha256=${signature}` };
    }
    default:
      return { authorization: `Bearer ${secret}` };
  }
}

/** The headers that a source sends besides. */
export function headersOf(source: WebhookSource): { readonly [name: string]: string } & Headers {
  switch (source) {
    case "distribution":
      return { "content-type": DISTRIBUTION_V2 };
    case "github":
      return { "content-type": "application/json", "x-github-event": "package", "x-github-delivery": "d-1" };
    default:
      return { "content-type": "application/json" };
  }
}

/** A push of one image, as each source announces it. */
export const PUSHES: { readonly [source in WebhookSource]: object } = {
  distribution: { events: [distributionEvent({ target: { tag: "v1" } })] },
  harbor: harborEvent(),
  acr: acrEvent(),
  github: githubEvent("package"),
  generic: { image: `registry.example.com/team/app@${DIGEST}`, tag: "v1" },
};
