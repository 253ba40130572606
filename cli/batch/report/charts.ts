// Charts of the page as SVG text: no library, no script. What they show stands beside them in words.
import { escapeHtml } from "../../rollout/report/page-text.ts";

const WIDTH = 640;
const HEIGHT = 160;

/** A point of a line: what it is of, its value, and its height as text. */
export interface Point {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

/** Values from left to right, from zero up, as a line with a dot each. */
export function lineSvg(label: string, points: readonly Point[]): string {
  const most = Math.max(...points.map(({ value }) => value), 1e-9) * 1.05;
  const step = WIDTH / Math.max(points.length, 1);
  const placed = points.map((point, i) => ({
    ...point,
    x: (i + 0.5) * step,
    y: HEIGHT - 2 - (point.value / most) * (HEIGHT - 12),
  }));
  const line = placed.map(({ x, y }) => `${fixed(x)},${fixed(y)}`).join(" ");
  const dots = placed.map(
    ({ x, y, name, text }) =>
      `<circle class="mark" cx="${fixed(x)}" cy="${fixed(y)}" r="3.5"><title>${escapeHtml(`${name}: ${text}`)}</title></circle>`,
  );
  return svg(
    label,
    `<line class="axis" x1="0" x2="${WIDTH}" y1="${HEIGHT - 2}" y2="${HEIGHT - 2}"/>` +
      `<polyline class="mark" points="${line}"/>${dots.join("")}`,
  );
}

/** Two distributions over the same bins, side by side, as shares. */
export function pairedBarsSvg(
  label: string,
  bins: readonly { readonly label: string; readonly before: number; readonly now: number }[],
): string {
  const sum = (side: "before" | "now") => bins.reduce((total, bin) => total + bin[side], 0) || 1;
  const totals = { before: sum("before"), now: sum("now") };
  const most = Math.max(
    ...bins.flatMap((bin) => [bin.before / totals.before, bin.now / totals.now]),
    1e-9,
  );
  const step = WIDTH / Math.max(bins.length, 1);
  const bar = (bin: (typeof bins)[number], i: number, side: "before" | "now") => {
    const share = bin[side] / totals[side];
    const height = (share / most) * (HEIGHT - 8);
    const x = i * step + step * (side === "before" ? 0.1 : 0.5);
    const title = escapeHtml(`${bin.label}, ${side}: ${(100 * share).toFixed(1)} %`);
    return (
      `<rect class="${side}" x="${fixed(x)}" y="${fixed(HEIGHT - 2 - height)}" ` +
      `width="${fixed(step * 0.38)}" height="${fixed(height)}"><title>${title}</title></rect>`
    );
  };
  const bars = bins.map((bin, i) => bar(bin, i, "before") + bar(bin, i, "now"));
  return svg(label, bars.join(""));
}

/** A share of the width of a table's cell. */
export function barHtml(share: number, kind: "mark" | "bad" = "mark"): string {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return `<div class="bar"><span class="${kind}" style="width:${width.toFixed(1)}%"></span></div>`;
}

function svg(label: string, inner: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(label)}">${inner}</svg>`;
}

function fixed(x: number): string {
  return x.toFixed(1);
}
