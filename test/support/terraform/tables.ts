import * as z from "zod";
import type { TerraformFile } from "./module.ts";

/** The README's tables of what the module takes and gives, as its code says it. */

const Variable = z.object({
  description: z.string(),
  type: z.string(),
  default: z.optional(z.unknown()),
});
const Output = z.object({ description: z.string() });

/** The tables stand between comments that nobody sees. */
const TABLES = { inputs: inputsTable, outputs: outputsTable } as const;

/** The README with its tables written anew. Throws where one has no place in it. */
export function withTables(readme: string, files: readonly TerraformFile[]): string {
  return Object.entries(TABLES).reduce((text, [name, table]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- end of ${name} -->)`);
    if (!place.test(text)) throw new Error(`the README has no place for its ${name}`);
    return text.replace(place, (_, before: string, after: string) => before + table(files) + after);
  }, readme);
}

function inputsTable(files: readonly TerraformFile[]): string {
  const rows = files.flatMap(({ variable = {} }) =>
    Object.entries(variable).flatMap(([name, bodies]) =>
      bodies.map((body) => {
        const { description, type, default: value } = Variable.parse(body);
        const unset = value === undefined ? "**required**" : code(JSON.stringify(value));
        return [name, oneLine(description), code(typeOf(type)), unset];
      }),
    ),
  );
  return tableOf(["name", "what it is", "type", "default"], rows);
}

function outputsTable(files: readonly TerraformFile[]): string {
  const rows = files.flatMap(({ output = {} }) =>
    Object.entries(output).flatMap(([name, bodies]) =>
      bodies.map((body) => [name, oneLine(Output.parse(body).description)]),
    ),
  );
  return tableOf(["name", "what it is"], rows);
}

/** `hcl2json` writes a type as a template, with the line breaks that it has in its file. */
function typeOf(type: string): string {
  return oneLine(type.replace(/^\$\{|\}$/g, ""))
    .replace(/ *= */g, " = ")
    .replace(/([\w)}]) (?=\w+ = )/g, "$1, ");
}

/** A table in Markdown, its rows by the name that each begins with. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const sorted = rows.toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  const named = sorted.map(([name = "", ...rest]) => [code(name), ...rest]);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...named.map(line)].join("\n");
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}

function code(text: string): string {
  return `\`${text}\``;
}
