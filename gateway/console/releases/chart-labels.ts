import type uPlot from "uplot";
import type { ChartData } from "./chart-data.ts";
import { signedShare } from "./words.ts";

export interface LabelLook {
  readonly ink: string;
  readonly ground: string;
  /** The candidate's slot's. */
  readonly own: string;
  readonly accent: string;
  readonly font: string;
  readonly confidence: number;
}

interface Label {
  readonly text: string;
  /** Where its lower edge would best be, pixels of the canvas. */
  readonly y: number;
  readonly colour: string;
}

/** Height of a line of text, and the distance of text from lines; CSS pixels. */
const LINE = 15;
const GAP = 3;

/** Draws the margin and no difference, and writes on each line what it is, instead of a legend. */
export function drawLabels(chart: uPlot, data: ChartData, look: LabelLook): void {
  const { ctx } = chart;
  ctx.save();
  drawLine(chart, 0, { colour: look.ink, dash: [] });
  drawLine(chart, data.margin, { colour: look.accent, dash: [7, 4] });
  drawWhisker(chart, data, look.own);
  ctx.restore();
  ctx.save();
  const ratio = devicePixelRatio;
  ctx.font = look.font.replace(/^([\d.]+)px/, (_, size) => `${Number(size) * ratio}px`);
  ctx.textBaseline = "bottom";
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = look.ground;
  write(chart, linesLabels(chart, data, look), "left");
  write(chart, spread(chart, curveLabels(chart, data, look)), "right");
  ctx.restore();
}

function drawLine(
  chart: uPlot,
  share: number,
  { colour, dash }: { readonly colour: string; readonly dash: readonly number[] },
): void {
  const { ctx, bbox } = chart;
  const y = chart.valToPos(share, "y", true);
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.beginPath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
}

/** The interval of a single point, which has no band. */
function drawWhisker(chart: uPlot, { x, lower, upper }: ChartData, colour: string): void {
  const { ctx } = chart;
  const [at, low, high] = [x[0], lower[0], upper[0]];
  if (x.length !== 1 || at === undefined || typeof low !== "number" || typeof high !== "number") {
    return;
  }
  const middle = chart.valToPos(at, "x", true);
  const half = 2 * GAP * devicePixelRatio;
  ctx.beginPath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([]);
  for (const end of [low, high].map((share) => chart.valToPos(share, "y", true))) {
    ctx.moveTo(middle - half, end);
    ctx.lineTo(middle + half, end);
  }
  ctx.moveTo(middle, chart.valToPos(low, "y", true));
  ctx.lineTo(middle, chart.valToPos(high, "y", true));
  ctx.stroke();
}

/** The margin above its line, no difference below its own: the margin is never below it. */
function linesLabels(chart: uPlot, { margin }: ChartData, { ink, accent }: LabelLook): Label[] {
  const at = (share: number) => chart.valToPos(share, "y", true);
  return [
    {
      text: `margin ${signedShare(margin / 100)}`,
      y: at(margin) - GAP * devicePixelRatio,
      colour: accent,
    },
    { text: "no difference", y: at(0) + (LINE + GAP) * devicePixelRatio, colour: ink },
  ];
}

/** Where the newest point is; the ends of the interval only where it has some. */
function curveLabels(chart: uPlot, data: ChartData, look: LabelLook): Label[] {
  const isWide = chart.bbox.width / devicePixelRatio > 420;
  const confidence = `${Number((100 * look.confidence).toFixed(1))} %`;
  const meaning = isWide ? `, with ${confidence} confidence, however often one looks` : "";
  const rules = [0, data.margin].map((share) => chart.valToPos(share, "y", true));
  const label = (words: string, share: number | null | undefined, rest = ""): Label[] => {
    if (share === null || share === undefined) return [];
    const text = `${words} ${signedShare(share / 100)}${rest}`;
    return [{ text, y: beside(chart.valToPos(share, "y", true), rules), colour: look.own }];
  };
  return [
    ...label("at most", data.upper.at(-1), meaning),
    ...label("estimate", data.estimate.at(-1)),
    ...label("at least", data.lower.at(-1)),
  ];
}

/** The lower edge of a label for the line at `y`: above it, or below where one of the rules would strike it. */
function beside(y: number, rules: readonly number[]): number {
  const [line, gap] = [LINE * devicePixelRatio, GAP * devicePixelRatio];
  const isStruck = (edge: number) => rules.some((rule) => rule > edge - line && rule < edge + gap);
  const [above, below] = [y - gap, y + line + gap];
  return isStruck(above) && !isStruck(below) ? below : above;
}

/** Pushes labels down, from the upper one on, until none lies on another. */
function spread(chart: uPlot, labels: readonly Label[]): Label[] {
  const least = LINE * devicePixelRatio;
  let lowest = chart.bbox.top;
  return labels.map((label) => {
    lowest = Math.max(label.y, lowest + least);
    return { ...label, y: lowest };
  });
}

function write({ ctx, bbox }: uPlot, labels: readonly Label[], side: "left" | "right"): void {
  const inset = 2 * GAP * devicePixelRatio;
  const x = side === "left" ? bbox.left + inset : bbox.left + bbox.width - inset;
  ctx.textAlign = side;
  for (const { text, y, colour } of labels) {
    ctx.fillStyle = colour;
    ctx.strokeText(text, x, y); // a halo, where it lies on a line
    ctx.fillText(text, x, y);
  }
}
