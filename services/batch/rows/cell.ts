// What a source holds, as what a model takes. Types move between months and between databases (INT64, DOUBLE,
// text from a CSV), so nothing is taken as it comes. `null`: there is none; `undefined`: it cannot be read.

/** A finite number, of whatever type holds it. Text that is empty is none. */
export function readNumber(value: unknown): number | null | undefined {
  if (typeof value === "number") {
    if (Number.isNaN(value)) return null; // how data frames write "none" into a column of numbers
    return Number.isFinite(value) ? value : undefined;
  }
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (text === "") return null;
  if (text === "true" || text === "false") return text === "true" ? 1 : 0;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number; 5.0 is one, 5.5 is none. */
export function readInteger(value: unknown): number | null | undefined {
  const number = readNumber(value);
  if (number === null || number === undefined) return number;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A text; numbers and truth values as they are written. Empty text is none. */
export function readText(value: unknown): string | null | undefined {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return String(value);
  }
  return undefined;
}

/** A time, ms since 1970 on its own clock: a date, ISO text (without a zone: taken as it is), or ms. */
export function readTimeMs(value: unknown): number | null | undefined {
  if (value instanceof Date) {
    const ms = value.getTime();
    return Number.isFinite(ms) ? ms : undefined;
  }
  if (typeof value !== "string") return readInteger(value);
  const text = value.trim();
  if (text === "") return null;
  if (/^-?\d+$/.test(text)) return readInteger(text);
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, day, clock = "00:00", zone = "Z"] = match;
  const ms = Date.parse(`${day}T${clock}${zone.length === 3 ? `${zone}:00` : zone}`);
  return Number.isFinite(ms) ? ms : undefined;
}

/** A cell as text that the readers above read as the same; `null` for none. */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : null;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
