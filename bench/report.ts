import { isMet, type Result, type Verdict } from "./measurement.ts";
import { show } from "./numbers.ts";

/** A measurement's table and its ratios, as Markdown. */
export function report(title: string, result: Result, load: string): string {
  const notes = (result.notes ?? []).map((note) => `${note}\n`);
  return [
    `\n## ${title}\n\nLoad average: ${load}. Medians of the rounds [smallest..largest].\n`,
    rowTable(result),
    verdictTable(result.verdicts),
    ...notes,
  ].join("\n");
}

function rowTable({ rows }: Result): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.columns)))];
  if (names.length === 0) return "";
  return table(
    ["", ...names],
    rows.map(({ what, columns }) => [what, ...names.map((name) => columns[name] ?? "")]),
  );
}

function verdictTable(verdicts: readonly Verdict[]): string {
  return table(
    ["ratio", "measured", "aim", ""],
    verdicts.map((verdict) => [
      verdict.what,
      `${show(verdict.value)}${verdict.unit ? ` ${verdict.unit}` : ""}`,
      aimText(verdict),
      verdictWord(verdict),
    ]),
  );
}

function aimText({ aim }: Verdict): string {
  if (!aim) return "";
  return "atLeast" in aim ? `≥ ${aim.atLeast}` : `≤ ${aim.atMost}`;
}

function verdictWord(verdict: Verdict): string {
  const met = isMet(verdict);
  if (met === undefined) return "";
  return met ? "met" : "missed";
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return `${[line(head), rule, ...rows.map(line)].join("\n")}\n`;
}
