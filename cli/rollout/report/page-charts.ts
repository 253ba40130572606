// Charts of the page as SVG text: no library, no script.
import type { Comparison } from "../../../services/rollout/report/report.ts";
import type { Slice } from "../../../services/rollout/report/slices.ts";
import { type Amounts, binText, numberText } from "./amounts.ts";
import { escapeHtml } from "./page-text.ts";

const WIDTH = 640;
const HEIGHT = 200;

/**
 * Rides by difference; green where the candidate is better, red where it is worse. Words are no part of the
 * picture: they would shrink with it on a narrow screen.
 */
export function histogramSvg(
  { histogram }: Pick<Comparison, "histogram">,
  amounts: Amounts,
): string {
  const most = Math.max(...histogram.map(({ rides }) => rides), 1);
  const step = WIDTH / histogram.length;
  const ground = HEIGHT - 2;
  const bars = histogram.map((bin, i) => {
    const height = (bin.rides / most) * (ground - 4);
    const isEqual = bin.from === 0 && bin.to === 0;
    const side = isEqual ? "equal" : bin.to <= 0 ? "better" : "worse";
    const label = escapeHtml(`${binText(amounts, bin)}: ${numberText(bin.rides)}`);
    return (
      `<rect class="${side}" x="${fixed(i * step + 1)}" y="${fixed(ground - height)}" ` +
      `width="${fixed(step - 2)}" height="${fixed(height)}"><title>${label}</title></rect>`
    );
  });
  const axis = `<line class="axis" x1="0" x2="${WIDTH}" y1="${ground}" y2="${ground}"/>`;
  const inner = histogram.filter(({ from, to }) => Number.isFinite(from) && Number.isFinite(to));
  const left = `${amounts.signed(inner[0]?.from ?? 0)}, candidate better`;
  const right = `candidate worse, ${amounts.signed(inner.at(-1)?.to ?? 0)}`;
  return (
    svg([WIDTH, HEIGHT], "Rides by difference of the errors", [...bars, axis].join("")) +
    `<div class="scale"><span class="better">${escapeHtml(left)}</span><span>equal</span>` +
    `<span class="worse">${escapeHtml(right)}</span></div>`
  );
}

/** An interval on a line with 0 in its middle; `reach` is its half width in the unit. */
export function intervalSvg(
  { estimate, lower, upper }: Pick<Slice, "estimate" | "lower" | "upper">,
  reach: number,
): string {
  const [width, height] = [120, 18];
  const x = (value: number) =>
    fixed(width / 2 + Math.max(-1, Math.min(1, value / reach)) * (width / 2 - 4));
  const side = lower > 0 ? "worse" : upper < 0 ? "better" : "equal";
  return svg(
    [width, height],
    "",
    `<line class="axis" x1="${width / 2}" x2="${width / 2}" y1="0" y2="${height}"/>` +
      `<line class="${side} range" x1="${x(lower)}" x2="${x(upper)}" y1="9" y2="9"/>` +
      `<circle class="${side}" cx="${x(estimate)}" cy="9" r="4"/>`,
  );
}

/** `label` is for those who cannot see it; empty where the numbers stand beside it. */
function svg([width, height]: readonly [number, number], label: string, inner: string): string {
  const role = label === "" ? 'aria-hidden="true"' : `role="img" aria-label="${escapeHtml(label)}"`;
  return `<svg viewBox="0 0 ${width} ${height}" ${role}>${inner}</svg>`;
}

function fixed(x: number): string {
  return x.toFixed(1);
}
