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
 * The one spelling of a platform that containerd compares by: common aliases, arm64 without `v8`, arm with `v7` where it
 * names no variant, amd64 without `v1`. For comparing only: print what the image declares.
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = OS.get(platform.os.toLowerCase()) ?? platform.os.toLowerCase();
  const named = platform.architecture.toLowerCase();
  const architecture = ARCHITECTURE.get(named) ?? named;
  const variant = normalizeVariant(named, architecture, platform.variant?.toLowerCase());
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** Whether two platforms are the same after normalisation; `osVersion` and `osFeatures` do not count. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}

/** Whether this names something that could run, unlike BuildKit's `unknown/unknown`. */
export function isRunnable(platform: Platform): boolean {
  return platform.os !== "unknown" && platform.architecture !== "unknown";
}

function normalizeVariant(
  named: string,
  architecture: string,
  variant: string | undefined,
): string | undefined {
  if (variant === undefined || variant === "") {
    if (named === "armel") return "v6";
    return architecture === "arm" ? "v7" : undefined;
  }
  if (architecture === "arm64" && (variant === "8" || variant === "v8")) return undefined;
  if (architecture === "amd64" && variant === "v1") return undefined;
  return architecture === "arm" && /^[5-8]$/.test(variant) ? `v${variant}` : variant;
}
