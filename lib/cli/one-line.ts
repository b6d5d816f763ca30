const LONGEST = 1_000;

/** Text that others wrote, made fit for a terminal: on one line, without what would steer it, and not too long. */
export function oneLine(text: string, longest = LONGEST): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
