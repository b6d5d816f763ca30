import { readFile } from "node:fs/promises";

/** A code block of a page. What follows its language says what it is: the file that it is, or how it ends. */
export interface Block {
  readonly language: string;
  readonly note: string;
  readonly text: string;
  /** Of a command: what it prints, where the next block is that. */
  readonly prints?: string;
}

/**
 * The fenced code blocks of a page in Markdown, in their order; a `text` block belongs to the command before it. Throws
 * where there is code in another form, which nobody would try.
 */
export async function blocksOf(page: URL): Promise<readonly Block[]> {
  const markdown = await readFile(page, "utf8");
  const fences = [...markdown.matchAll(/^```(\w+) ?([^\n]*)\n([\s\S]*?)^```$/gm)];
  const rest = fences.reduce((text, [fence]) => text.replace(fence, ""), markdown);
  if (/^(?: {4}|\t)\S|```/m.test(rest)) throw new Error(`${page.pathname} has code that is not fenced`);
  const blocks: Block[] = [];
  for (const [, language = "", note = "", text = ""] of fences) {
    const last = blocks.at(-1);
    if (language !== "text") blocks.push({ language, note, text });
    else if (last?.language !== "sh")
      throw new Error(`no command prints what ${page.pathname} shows: ${text}`);
    else blocks.splice(-1, 1, { ...last, prints: text });
  }
  return blocks;
}

/** Matches output that has these lines, one after the other; `…` stands for anything on a line, or its end. */
export function shown(lines: string): RegExp {
  const pattern = lines
    .trimEnd()
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^\\n]*");
  return new RegExp(`(?:^|\\n)${pattern}(?:\\n|$)`);
}
