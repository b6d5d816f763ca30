import { VoucherError } from "../errors.ts";

const FULL_NAME = /^projects\/[^/]+\/topics\/[^/]+$/;
/** https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const SHORT_NAME = /^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;

/** The full name of a topic that the configuration names in short or in full. Throws `config`. */
export function fullTopicName(name: string, setting: string, project: string | undefined): string {
  if (FULL_NAME.test(name)) return name;
  if (!SHORT_NAME.test(name)) {
    throw new VoucherError(
      "config",
      `${setting} ${JSON.stringify(name)} is no topic; write its name, or projects/P/topics/T`,
    );
  }
  if (project === undefined) {
    throw new VoucherError(
      "config",
      `${setting} ${JSON.stringify(name)} lacks its project; write projects/P/topics/${name}, or set GOOGLE_CLOUD_PROJECT`,
    );
  }
  return `projects/${project}/topics/${name}`;
}
