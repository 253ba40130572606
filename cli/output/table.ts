import { widthOf } from "./style.ts";

/** A column: its heading, and on which side its cells stand. */
export interface Column {
  readonly heading: string;
  /** Default `left`; numbers read better on the right. */
  readonly align?: "left" | "right";
}

/** Lines of a table, columns two spaces apart, without trailing spaces. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const headings = columns.map((column) => column.heading);
  const all = headings.some((heading) => heading !== "") ? [headings, ...rows] : rows;
  const widths = columns.map((_, i) => Math.max(0, ...all.map((row) => widthOf(row[i] ?? ""))));
  return all.map((row) =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? "";
        const gap = " ".repeat((widths[i] ?? 0) - widthOf(cell));
        return column.align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Names and values, one pair a line; pairs without a value are left out. */
export function renderPairs(pairs: readonly (readonly [string, string | undefined])[]): string[] {
  const rows = pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return renderTable([{ heading: "" }, { heading: "" }], rows);
}
