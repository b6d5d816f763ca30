import { VoucherError } from "../errors.ts";

/** What an image runs on, as the OCI image specification names it; printed `linux/arm64/v8`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

const PART = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;
const OS = new Map([["macos", "darwin"]]);
const ARCHITECTURE = new Map([
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["i386", "386"],
  ["i486", "386"],
  ["i586", "386"],
  ["i686", "386"],
  ["aarch64", "arm64"],
  ["armhf", "arm"],
  ["armel", "arm"],
]);
/** Of the names that say it themselves, whatever stands beside them. */
const VARIANT = new Map([
  ["i386", ""],
  ["armhf", "v7"],
  ["armel", "v6"],
]);

/**
 * What a document may say of a platform: text that can be shown and logged. Longer, it would fill what reports it; with
 * control characters, it would be more than text to a terminal.
 */
export const PLATFORM_TEXT = /^[^\p{C}\p{Zl}\p{Zp}]{0,255}$/u;

/** Parses `os/architecture[/variant]`. Throws `usage`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const [os, architecture, variant] = parts;
  if (parts.length > 3 || !os || !architecture || !parts.every((part) => PART.test(part))) {
    throw new VoucherError(
      "usage",
      `${JSON.stringify(text.slice(0, 200))} is no platform; write os/architecture[/variant], as in linux/arm64`,
    );
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** `os/architecture[/variant]`, as the image declares it. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/**
 * The one spelling of a platform that containerd compares by: common aliases, which say the variant too where they name
 * one processor; arm64 without `v8`, arm with `v7` where it names no variant, amd64 without `v1`. For comparing only:
 * print what the image declares.
 */
export function normalizePlatform(platform: Platform): Platform {
  const named = lowerCase(platform.os);
  const os = OS.get(named) ?? named;
  const { architecture, variant } = normalizeArchitecture(platform);
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/**
 * Whether two platforms are the same after normalisation; `osVersion` and `osFeatures` do not count. An empty `os` is that
 * of every host, as containerd reads it.
 */
export function samePlatform(a: Platform, b: Platform): boolean {
  const [one, other] = [normalizePlatform(a), normalizePlatform(b)];
  if (one.os !== other.os && one.os !== "" && other.os !== "") return false;
  return one.architecture === other.architecture && one.variant === other.variant;
}

/** Whether this names something that could run, unlike BuildKit's `unknown/unknown`. */
export function isRunnable(platform: Platform): boolean {
  return platform.os !== "unknown" && platform.architecture !== "unknown";
}

function normalizeArchitecture(platform: Platform): Pick<Platform, "architecture" | "variant"> {
  const named = lowerCase(platform.architecture);
  const architecture = ARCHITECTURE.get(named) ?? named;
  const variant = VARIANT.get(named) ?? normalizeVariant(architecture, lowerCase(platform.variant ?? ""));
  return variant === "" ? { architecture } : { architecture, variant };
}

function normalizeVariant(architecture: string, variant: string): string {
  if (architecture === "arm") {
    if (variant === "") return "v7";
    return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
  }
  const isDefault =
    architecture === "arm64" ? /^v?8$/.test(variant) : architecture === "amd64" && variant === "v1";
  return isDefault ? "" : variant;
}

/** As Go does it: JavaScript's own rules leave a dot over a capital dotted I. */
function lowerCase(text: string): string {
  return text.replaceAll("\u0130", "i").toLowerCase();
}
