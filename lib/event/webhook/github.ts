import * as z from "zod/mini";
import { isDigest } from "../../image/digest.ts";
import {
  type Announcement,
  announced,
  ignored,
  malformed,
  noPush,
  type WebhookDocument,
} from "./announcement.ts";

/** Both say the same; the older one goes to whoever asked for it. */
const EVENTS: ReadonlyMap<unknown, "package" | "registry_package"> = new Map([
  ["package", "package"],
  ["registry_package", "registry_package"],
]);
/** A tag that moves to a version which is there already is an update of it. */
const ACTIONS = ["published", "updated"];

const name = z.nullish(z.string());
const PackageSchema = z.object({
  package_type: name,
  ecosystem: name,
  registry: z.nullish(z.object({ type: name })),
  package_version: z.nullish(z.unknown()),
});
const VersionSchema = z.object({
  version: name,
  package_url: z.string(),
  container_metadata: z.nullish(
    z.object({
      tag: z.nullish(z.object({ name, digest: name })),
      manifest: z.nullish(z.object({ digest: name })),
    }),
  ),
});
const EventSchema = z.object({
  action: z.string(),
  package: z.optional(z.unknown()),
  registry_package: z.optional(z.unknown()),
});

/**
 * Reads a delivery of GitHub's ("Webhook events and payloads": `package`, `registry_package`). Its event is named by a
 * header. Throws `malformed`.
 */
export function parseGitHub({ headers, document }: WebhookDocument): readonly Announcement[] {
  const named = headers["x-github-event"];
  if (typeof named !== "string") throw malformed("github", "it has no header X-GitHub-Event");
  const member = EVENTS.get(named);
  if (member === undefined) return [noPush("event", named)];
  const event = EventSchema.safeParse(document);
  if (!event.success) throw malformed("github", "it has no action");
  if (!ACTIONS.includes(event.data.action)) return [noPush("action", event.data.action)];
  const published = PackageSchema.safeParse(event.data[member]);
  if (!published.success) throw malformed("github", `its ${member} is missing or unreadable`);
  if (!isContainer(published.data)) return [ignored("the package is no container image")];
  return [parseVersion(published.data.package_version, headers["x-github-delivery"])];
}

function isContainer({ package_type: type, ecosystem, registry }: z.infer<typeof PackageSchema>): boolean {
  return [type, ecosystem, registry?.type].some((kind) => kind?.toUpperCase() === "CONTAINER");
}

/** A version of an image is called by its digest. Owners are written as they like, and images in lower case. */
function parseVersion(version: unknown, id: unknown): Announcement {
  const { data } = VersionSchema.safeParse(version);
  if (data === undefined) throw malformed("github", "its package_version is missing or unreadable");
  const { container_metadata: container, package_url: url } = data;
  const digest = [data.version, container?.tag?.digest, container?.manifest?.digest].find(
    (text) => typeof text === "string" && isDigest(text),
  );
  if (typeof digest !== "string") throw malformed("github", "its package_version names no digest");
  const path = url.replace(/(?<=\/[^/]*)[:@].*$/, "").toLowerCase();
  const slash = path.indexOf("/");
  return announced(
    {
      host: path.slice(0, Math.max(slash, 0)),
      repository: path.slice(slash + 1),
      digest,
      tag: container?.tag?.name || undefined,
    },
    { id },
  );
}
