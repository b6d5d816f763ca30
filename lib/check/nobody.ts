import { type Check, fail, pass } from "./contract.ts";

/** Passes images that do not start as root. */
export const nobody: Check = {
  name: "nobody",
  description: "The image does not run as root.",
  async judge(evidence) {
    const { user } = await evidence.imageConfig();
    if (user === "") return fail("runs as root (the config names no user)");
    return isRoot(user) ? fail(`runs as root (user ${JSON.stringify(user)})`) : pass;
  },
};

/** `user` or `user:group`, where runtimes read a numeric user with or without sign and leading zeros. */
function isRoot(user: string): boolean {
  const name = user.split(":", 1)[0]?.trim() ?? "";
  return name === "" || name === "root" || /^[+-]?0+$/.test(name);
}
