import { VoucherError } from "../errors.ts";

const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const SECONDS: { readonly [unit: string]: number } = { ms: 0.001, s: 1, m: 60, h: 3_600 };

/**
 * Reads a date or a time with its zone (RFC 3339), as text or as TOML's own. Returns it as an ISO 8601 instant in UTC; a
 * date alone is its first moment, so what expires "on" a day no longer counts on it. Throws `config`.
 */
export function parseMoment(value: Date | string): string {
  const written = typeof value === "string" ? value : value.toISOString();
  const moment = new Date(written.replace(" ", "T").toUpperCase());
  const day = written.slice(0, 10);
  if (!MOMENT.test(written) || Number.isNaN(moment.getTime()) || !isOnCalendar(day)) {
    throw new VoucherError(
      "config",
      `${JSON.stringify(written.slice(0, 80))} is no date; write 2027-01-31 or 2027-01-31T12:00:00Z`,
    );
  }
  return moment.toISOString();
}

/** Reads a duration as Go writes it (`30s`, `1m30s`). Returns seconds. Throws `config`. */
export function parseInterval(text: string): number {
  const parts = [...text.matchAll(PART)];
  const seconds = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (SECONDS[unit ?? ""] ?? 0),
    0,
  );
  if (parts.map(([whole]) => whole).join("") !== text || !(seconds > 0)) {
    throw new VoucherError(
      "config",
      `${JSON.stringify(text.slice(0, 80))} is no duration; write 30s or 1m30s`,
    );
  }
  return seconds;
}

/** `2027-02-30` is read by Date as the second of March. */
function isOnCalendar(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
