import { VoucherError } from "../errors.ts";
import type { Check } from "./contract.ts";
import { type GuardOptions, guarded } from "./guarded.ts";

/**
 * Makes the check `name` of an imported module, guarded. The module exports `check`: a check, or a function that takes the
 * options of the configuration and returns one. Throws `config`, saying what is wrong with the module or its options.
 */
export function checkFromModule(
  name: string,
  module: unknown,
  options?: unknown,
  guard: GuardOptions = {},
): Check {
  const wrong = (why: string, cause?: unknown) =>
    new VoucherError("config", `checks.${name}.module ${why}`, { cause });
  const exported = membersOf(module)?.["check"];
  if (exported === undefined) throw wrong("exports no `check`; export a check, or a function that makes one");
  if (typeof exported !== "function" && options !== undefined) {
    throw wrong(
      "exports a check that takes no options; leave them out, or export a function that takes them",
    );
  }
  const made = typeof exported === "function" ? make(() => exported(options), wrong) : exported;
  return guarded(readCheck(name, made, wrong), guard);
}

type Wrong = (why: string, cause?: unknown) => VoucherError;

function make(maker: () => unknown, wrong: Wrong): unknown {
  try {
    return maker();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "no Error";
    throw wrong(`exports a function that cannot make a check of these options: ${message}`, cause);
  }
}

/** The name is the configuration's: it decides which key signs, whatever the module calls itself. */
function readCheck(name: string, made: unknown, wrong: Wrong): Check {
  if (made instanceof Promise) {
    made.catch(() => undefined); // unheard, its fault would end the process
    throw wrong(
      "exports a function that answers a promise; return the check itself, and await what it needs at the top of the module",
    );
  }
  const members = membersOf(made);
  if (members === undefined)
    throw wrong("makes no check: it must be an object with `description` and `judge`");
  const { description, judge, covers } = members;
  if (typeof judge !== "function") throw wrong("makes a check without a function `judge`");
  if (typeof description !== "string" || description.trim() === "") {
    throw wrong(
      "makes a check without a `description`, one sentence that is true of every image that passes",
    );
  }
  if (covers !== undefined && typeof covers !== "function") {
    throw wrong("makes a check whose `covers` is no function");
  }
  return {
    name,
    description,
    judge: (evidence) => judge.call(made, evidence),
    ...(covers === undefined ? {} : { covers: (platform) => covers.call(made, platform) }),
  };
}

function membersOf(value: unknown): { readonly [member: string]: unknown } | undefined {
  return typeof value === "object" && value !== null
    ? (value as { readonly [member: string]: unknown })
    : undefined;
}
