import * as z from "zod/mini";
import { message, text } from "./proto-json.ts";

/** grafeas.v1.Version; v1beta1's has no `fullName`. */
export const version = message({
  epoch: z.nullish(z.number()),
  name: text,
  revision: text,
  kind: text,
  fullName: text,
});

export type Version = z.infer<typeof version>;

/** Says that there is no version yet, since every version is affected. */
export function isNone(given: Version): boolean {
  return given?.kind === "MAXIMUM";
}

/** The version as people write it, `epoch:name-revision`; `undefined` where none is named. */
export function formatVersion(given: Version): string | undefined {
  if (given === undefined || isNone(given) || given.kind === "MINIMUM") return undefined;
  const { epoch, name, revision, fullName } = given;
  if (fullName !== "") return fullName;
  if (name === "") return undefined;
  return `${epoch ? `${epoch}:` : ""}${name}${revision === "" ? "" : `-${revision}`}`;
}
