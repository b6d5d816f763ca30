import { VoucherError } from "../errors.ts";

/** https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const SHORT_NAME = /^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;
const PROJECT = /^[a-z0-9][a-z0-9.:-]*$/;

/** The full name of a topic that the configuration names in short or in full. Throws `config`. */
export function fullTopicName(name: string, setting: string, project: string | undefined): string {
  return fullName("topic", name, setting, project);
}

/** The full name of a subscription that a setting or a flag names in short or in full. Throws `config`. */
export function fullSubscriptionName(name: string, setting: string, project: string | undefined): string {
  return fullName("subscription", name, setting, project);
}

function fullName(
  kind: "topic" | "subscription",
  name: string,
  setting: string,
  project: string | undefined,
): string {
  const written = `${setting} ${JSON.stringify(name)}`;
  if (new RegExp(`^projects/[^/]+/${kind}s/[^/]+$`).test(name)) return name;
  if (!SHORT_NAME.test(name)) {
    const letter = kind === "topic" ? "T" : "S";
    throw new VoucherError(
      "config",
      `${written} is no ${kind}; write its name, or projects/P/${kind}s/${letter}`,
    );
  }
  if (project === undefined) {
    throw new VoucherError(
      "config",
      `${written} lacks its project; write projects/P/${kind}s/${name}, or set GOOGLE_CLOUD_PROJECT`,
    );
  }
  if (!PROJECT.test(project)) {
    throw new VoucherError("config", `${JSON.stringify(project)} is no project of Google Cloud`);
  }
  return `projects/${project}/${kind}s/${name}`;
}
