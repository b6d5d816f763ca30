import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A room is a folder of lib/, a single file of lib/ (`errors`, `observer`, `ports`, `retry`, `app`), or `functions`. */
type Room = string;

interface Import {
  readonly file: string;
  readonly room: Room;
  readonly target: string;
  /** The room of a relative import; `undefined` for a package or a built-in. */
  readonly targetRoom?: Room;
}

const NOUNS = ["image", "event", "attest"];
const ADAPTERS = ["registry", "google", "grafeas", "evidence", "sign", "store", "pubsub"];
const SHARED_ADAPTERS = ["google", "grafeas", "registry"];
const CORE = ["ports", "check", "review", "delivery"];

interface Rule {
  readonly rooms: readonly Room[];
  readonly packages: readonly string[] | "any";
}

/** docs: "Who may import whom". Besides these, every room may import `errors`, itself, and built-ins that do no I/O. */
const RULES: { readonly [room: Room]: Rule } = {
  errors: { rooms: [], packages: [] },
  once: { rooms: [], packages: [] },
  retry: { rooms: [], packages: ["p-retry"] },
  proxy: { rooms: ["image"], packages: ["undici"] },
  wire: { rooms: [], packages: ["undici"] },
  ...Object.fromEntries(NOUNS.map((room) => [room, { rooms: NOUNS, packages: ["zod"] }])),
  observer: { rooms: NOUNS, packages: [] },
  ports: { rooms: [...NOUNS, "observer"], packages: [] },
  check: { rooms: [...NOUNS, "ports"], packages: [] },
  review: { rooms: [...NOUNS, "ports", "check"], packages: ["p-limit"] },
  delivery: { rooms: [...NOUNS, "ports", "review"], packages: [] },
  ...Object.fromEntries(
    ADAPTERS.map((room) => [
      room,
      { rooms: [...NOUNS, "ports", "once", "retry", "proxy", "wire", ...SHARED_ADAPTERS], packages: "any" },
    ]),
  ),
  config: { rooms: [...NOUNS, "check", "google", "proxy", "retry"], packages: "any" },
  telemetry: { rooms: ["ports", "proxy"], packages: "any" },
  api: {
    rooms: [...NOUNS, "ports", "review", "delivery"],
    packages: ["zod", "bcryptjs", "google-auth-library"],
  },
  replay: { rooms: [...NOUNS, "ports", "review", "delivery"], packages: ["zod", "p-limit"] },
  app: {
    rooms: [...NOUNS, ...CORE, ...ADAPTERS, "once", "retry", "proxy", "config", "telemetry", "api", "replay"],
    packages: [],
  },
  functions: {
    rooms: ["app", "api", "replay", "event", "image", "config", "telemetry"],
    packages: ["@google-cloud/functions-framework"],
  },
  cli: {
    rooms: ["app", "api", "replay", "event", "image", "config", "telemetry", "local", "proxy"],
    packages: "any",
  },
  local: { rooms: NOUNS, packages: [] },
};

const PURE_ROOMS = [...NOUNS, ...CORE, "errors", "observer"];
const BUILTINS_WITH_IO =
  /^node:(fs|net|http|https|http2|dgram|dns|tls|child_process|cluster|worker_threads|process|readline|tty|repl|os)/;

const imports = sources().flatMap(importsOf);

describe("the house", () => {
  it("has rooms that the table names, and no other", () => {
    const unknown = [...new Set(imports.map(({ room }) => room))].filter((room) => !(room in RULES));
    expect(unknown).toEqual([]);
  });

  it("lets each room import only what the table allows", () => {
    const wrong = imports.filter(({ room, targetRoom }) => {
      if (targetRoom === undefined || targetRoom === room || targetRoom === "errors") return false;
      return !RULES[room]?.rooms.includes(targetRoom);
    });
    expect(wrong.map(({ file, room, target }) => `${file}: ${room} may not import ${target}`)).toEqual([]);
  });

  it("lets each room use only the packages that it is for", () => {
    const wrong = imports.filter(({ room, target, targetRoom }) => {
      const allowed = RULES[room]?.packages ?? [];
      if (targetRoom !== undefined || /^node:|\/package\.json$/.test(target) || allowed === "any")
        return false;
      return !allowed.some((name) => target === name || target.startsWith(`${name}/`));
    });
    expect(wrong.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  it("keeps I/O out of the nouns, the checks, the review and the acknowledgement table", () => {
    const wrong = imports.filter(
      ({ room, target }) => PURE_ROOMS.includes(room) && BUILTINS_WITH_IO.test(target),
    );
    expect(wrong.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  it("lets review see nothing of the checks but their contract, and config nothing but their names", () => {
    const wrong = imports.filter(({ room, targetRoom, target }) => {
      if (targetRoom !== "check") return false;
      if (room === "review") return target !== "lib/check/contract.ts";
      return room === "config" && target !== "lib/check/names.ts";
    });
    expect(wrong.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  it("reads the environment and ends the process in functions/ and lib/cli/ alone", () => {
    const wrong = sources().filter((file) => {
      if (file.startsWith("functions/") || file.startsWith("lib/cli/")) return false;
      return /\bprocess\s*\.\s*(env|argv|exit)\b/.test(read(file));
    });
    expect(wrong).toEqual([]);
  });

  it("gives the checks no clock, no log, no environment and no network", () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bconsole\b|\bfetch\(|\bprocess\.|\bimport\(|\brandom/;
    const wrong = sources().filter((file) => file.startsWith("lib/check/") && forbidden.test(read(file)));
    expect(wrong).toEqual([]);
  });

  it("has no circles of imports", () => {
    expect(circles()).toEqual([]);
  });

  it("has no file of more than 250 lines, since that holds two ideas", () => {
    expect(sources().filter((file) => read(file).split("\n").length > 251)).toEqual([]);
  });
});

function sources(): string[] {
  return ["lib", "functions"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function importsOf(file: string): Import[] {
  const statement =
    /(?:^|\n)\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|(?:^|\n)import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
  return [...read(file).matchAll(statement)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    const isCode = specifier.startsWith(".") && !specifier.endsWith(".json");
    if (!isCode) return { file, room: roomOf(file), target: specifier };
    const target = relative(ROOT, normalize(join(ROOT, dirname(file), specifier)));
    return { file, room: roomOf(file), target, targetRoom: roomOf(target) };
  });
}

function roomOf(file: string): Room {
  const [top = "", second = ""] = file.split("/");
  return top === "lib" ? second.replace(/\.ts$/, "") : top;
}

function circles(): string[] {
  const graph = Map.groupBy(
    imports.filter(({ targetRoom }) => targetRoom !== undefined),
    ({ file }) => file,
  );
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const { target } of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
