import type { Parser } from "./parser.ts";
import { ANSWERS } from "./parsers/answers.ts";
import { CONFIG } from "./parsers/config.ts";
import { EVENTS } from "./parsers/events.ts";
import { FILES } from "./parsers/files.ts";
import { REGISTRY } from "./parsers/registry.ts";

/** Everything that reads what somebody else wrote. */
export const PARSERS: readonly Parser[] = [...EVENTS, ...FILES, ...REGISTRY, ...CONFIG, ...ANSWERS];
