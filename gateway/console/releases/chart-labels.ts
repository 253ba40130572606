import type uPlot from "uplot";
import type { ChartData } from "./chart-data.ts";
import { signedShare } from "./words.ts";

export interface LabelLook {
  readonly ink: string;
  /** The candidate's slot's. */
  readonly own: string;
  readonly accent: string;
  readonly font: string;
  readonly confidence: number;
}

const GAP = 4;
const LINE = 14;

/** Draws the two horizontal lines, and writes what each line is at its right end, instead of a legend. */
export function drawLabels(chart: uPlot, data: ChartData, look: LabelLook): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const at = (share: number) => chart.valToPos(share, "y", true);
  const isWide = bbox.width / ratio > 420;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const rule = (share: number, colour: string, dash: number[]) => {
    ctx.beginPath();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash(dash.map((length) => length * ratio));
    ctx.moveTo(bbox.left, at(share));
    ctx.lineTo(bbox.left + bbox.width, at(share));
    ctx.stroke();
  };
  rule(0, look.ink, []);
  rule(data.margin, look.accent, [7, 4]);
  ctx.restore();

  ctx.save();
  ctx.font = scaled(look.font, ratio);
  ctx.textBaseline = "bottom";
  const write = (text: string, share: number, colour: string, side: "left" | "right") => {
    ctx.fillStyle = colour;
    ctx.textAlign = side;
    const x = side === "left" ? bbox.left + GAP * ratio : bbox.left + bbox.width - GAP * ratio;
    const y = Math.max(bbox.top + LINE * ratio, at(share) - 2 * ratio);
    ctx.fillText(text, x, y);
  };
  write("no difference", 0, look.ink, "left");
  write(`margin ${signedShare(data.margin / 100)}`, data.margin, look.accent, "left");
  const [lower, estimate, upper] = [
    data.lower.at(-1) ?? null,
    data.estimate.at(-1) ?? 0,
    data.upper.at(-1) ?? null,
  ];
  write(`estimate ${signedShare(estimate / 100)}`, estimate, look.own, "right");
  const apart = Math.abs(at(estimate) - at(upper ?? estimate)) / ratio > LINE + 2;
  if (upper !== null && apart) {
    const confidence = `${Number((100 * look.confidence).toFixed(1))} %`;
    const meaning = isWide ? ` (${confidence} confidence, however often one looks)` : "";
    write(`at most ${signedShare(upper / 100)}${meaning}`, upper, look.own, "right");
  }
  if (lower !== null && apart)
    write(`at least ${signedShare(lower / 100)}`, lower, look.own, "right");
  ctx.restore();
}

function scaled(font: string, ratio: number): string {
  return font.replace(/^([\d.]+)px/, (_, size) => `${Number(size) * ratio}px`);
}
