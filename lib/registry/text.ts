const LONGEST = 300;

/**
 * Text of a stranger, made fit for a terminal and a log: one line, without control and direction-changing characters,
 * shortened. What is no text becomes empty.
 */
export function printable(text: unknown): string {
  if (typeof text !== "string") return "";
  const line = text
    .slice(0, 4 * LONGEST)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  return (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line).toWellFormed();
}
