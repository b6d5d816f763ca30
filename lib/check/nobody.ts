import { normalizePlatform, type Platform } from "../image/platform.ts";
import { type Check, fail, pass } from "./contract.ts";
import { quote } from "./wording.ts";

const ADVICE = "name another with USER in its Dockerfile";

/** Passes images that do not start as root. */
export const nobody: Check = {
  name: "nobody",
  description: "The image does not run as root.",
  async judge(evidence) {
    const { user, platform } = await evidence.imageConfig();
    if (user === "") return fail(`runs as root (the config names no user); ${ADVICE}`);
    const { image } = evidence;
    const onWindows = [platform, image.platform, ...image.otherPlatforms].some(mayRunOnWindows);
    return isRoot(user) || (onWindows && isWindowsAdministrator(user))
      ? fail(`runs as root (user ${quote(user)}); ${ADVICE}`)
      : pass;
  },
};

/**
 * `user` or `user:group`, where runtimes read a numeric user with or without sign and leading zeros, and some keep only
 * the lowest 32 bits of it (CVE-2024-40635). None reads more than 20 digits.
 */
function isRoot(user: string): boolean {
  const name = user.split(":", 1)[0]?.trim() ?? "";
  const number = /^[+-]?0*([0-9]{1,20})$/.exec(name)?.[1];
  const isZero = number !== undefined && BigInt.asUintN(32, BigInt(number)) === 0n;
  return name === "" || name === "root" || isZero;
}

/** Runtimes read the name in any case, and where it is empty take it for their own. */
function mayRunOnWindows(platform: Platform): boolean {
  const { os } = normalizePlatform(platform);
  return os === "windows" || os === "";
}

/** The accounts of Windows containers that may do everything, with or without a domain, in any case. */
function isWindowsAdministrator(user: string): boolean {
  const account = user.trim().split("\\").at(-1)?.toLowerCase() ?? "";
  return ["containeradministrator", "administrator", "system", "local system"].includes(account);
}
