import * as z from "zod/mini";
import { VoucherError } from "../errors.ts";
import { type JsonObject, parseJson, refuseCaseVariants, reservedKeys } from "./json.ts";
import { PLATFORM_TEXT, type Platform } from "./platform.ts";

/** What an image's config says, as far as it is judged. OCI image specification, image configuration. */
export interface ImageConfig {
  readonly platform: Platform;
  /** `config.User`: a name or number, with or without a group; empty where the image names none. */
  readonly user: string;
}

const RESERVED = reservedKeys(
  "architecture",
  "os",
  "os.version",
  "os.features",
  "variant",
  "config",
  "rootfs",
);
const RESERVED_IN_CONFIG = reservedKeys("User");

const PlatformText = z.string().check(z.regex(PLATFORM_TEXT));
const ImageConfigSchema = z.object({
  os: PlatformText.check(z.minLength(1)),
  architecture: PlatformText.check(z.minLength(1)),
  variant: z.optional(PlatformText),
  "os.version": z.optional(z.string()),
  "os.features": z.optional(z.nullable(z.array(z.string()))),
  config: z.optional(z.nullable(z.looseObject({ User: z.optional(z.nullable(z.string())) }))),
});

/** Reads an image config from its bytes. Throws `malformed` for a document that is none or can be read in two ways. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const document = parseJson(bytes);
  if (isObject(document)) {
    refuseCaseVariants(document, RESERVED);
    if (isObject(document["config"])) refuseCaseVariants(document["config"], RESERVED_IN_CONFIG);
  }
  const parsed = ImageConfigSchema.safeParse(document);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.join(".") || "it";
    throw new VoucherError(
      "malformed",
      `the image config is unusable: ${path} is missing or has the wrong type`,
    );
  }
  const { os, architecture, variant, config } = parsed.data;
  const osVersion = parsed.data["os.version"];
  const osFeatures = parsed.data["os.features"];
  return {
    platform: {
      os,
      architecture,
      ...(variant ? { variant } : {}),
      ...(osVersion ? { osVersion } : {}),
      ...(osFeatures?.length ? { osFeatures } : {}),
    },
    user: config?.User ?? "",
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
