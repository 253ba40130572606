import type { IntervalLook } from "./history.ts";

export interface PlotOptions {
  /** Oldest first; the last one says how wide the picture is. */
  readonly looks: readonly IntervalLook[];
  /** As a share of the live version's error, like the looks. */
  readonly margin: number;
  /** Columns for everything. */
  readonly columns: number;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly width: number;
}

const LEAST_LABEL = 14;
const LEAST_WIDTH = 10;
/** How much more than the newest interval is shown on either side, of its width. */
const AROUND = 0.5;

/**
 * Intervals below each other on one scale, with a line at 0 and one at the margin; what lies outside is shown by an
 * arrow. Every line has at most `columns`. Without a look there is nothing to plot.
 */
export function plotIntervals({ looks, margin, columns }: PlotOptions): string[] {
  const newest = looks.at(-1);
  if (!newest) return [];
  const labels = looks.map(({ n }) => `${n.toLocaleString("en-US")} trips `);
  const wide = Math.max(LEAST_LABEL, ...labels.map(({ length }) => length));
  const scale = scaleOf(newest, margin, Math.max(LEAST_WIDTH, columns - wide));
  const rows = looks.map((look, i) =>
    ((labels[i] ?? "").padStart(wide) + rowOf(look, margin, scale)).trimEnd(),
  );
  return [" ".repeat(wide) + axisOf(margin, scale), ...rows];
}

function scaleOf({ lower, upper }: IntervalLook, margin: number, width: number): Scale {
  const [from, to] = [Math.min(lower, 0), Math.max(upper, margin)];
  const around = AROUND * (to - from);
  return { low: from - around, high: to + around, width };
}

function placeOf(value: number, { low, high, width }: Scale): number {
  return Math.round(((value - low) / (high - low)) * (width - 1));
}

function rowOf({ estimate, lower, upper }: IntervalLook, margin: number, scale: Scale): string {
  const cells: string[] = Array.from({ length: scale.width }, () => " ");
  const [zero, line] = [placeOf(0, scale), placeOf(margin, scale)];
  cells[line] = "┆";
  cells[zero] = zero === line ? "║" : "│";
  const [from, at, to] = [lower, estimate, upper].map((value) => placeOf(value, scale)) as [
    number,
    number,
    number,
  ];
  const last = scale.width - 1;
  for (let i = Math.max(0, from); i <= Math.min(last, to); i++) {
    if (i === zero) cells[i] = zero === line ? "╫" : "┼";
    else if (i !== line) cells[i] = "─";
  }
  if (from >= 0 && from <= last) cells[from] = "├";
  if (to >= 0 && to <= last) cells[to] = "┤";
  if (at >= 0 && at <= last) cells[at] = "●";
  if (from < 0) cells[0] = "◀";
  if (to > last) cells[last] = "▶";
  return cells.join("");
}

/** Names 0 and the margin first, then as many round numbers as there is room for. */
function axisOf(margin: number, scale: Scale): string {
  const cells: string[] = Array.from({ length: scale.width }, () => " ");
  const put = (value: number) => {
    const text = shareText(value);
    const start = Math.min(
      Math.max(0, placeOf(value, scale) - Math.floor(text.length / 2)),
      scale.width - text.length,
    );
    const isFree = cells.slice(Math.max(0, start - 1), start + text.length + 1);
    if (start < 0 || isFree.some((cell) => cell !== " ")) return;
    for (const [i, letter] of [...text].entries()) cells[start + i] = letter;
  };
  put(0);
  put(margin);
  const step = roundStep((scale.high - scale.low) / 5);
  for (let i = Math.ceil(scale.low / step); i * step <= scale.high; i++) put(i * step);
  return cells.join("").trimEnd();
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((times) => times * power >= least) ?? 10) * power;
}

/** `+2 %`, `−0.5 %`, `0` */
export function shareText(share: number): string {
  const percent = Math.round(share * 10_000) / 100;
  if (percent === 0) return "0";
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
}
