import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { ReportView } from "../../batch/view.ts";
import { colourOf, useDark } from "../chart-colours.ts";
import { mountChart } from "../mount-chart.ts";
import { amountsOf, numberText, percentText } from "./words.ts";

const HEIGHT = 260;

/** Mean error and bias by day of the run's month, or by window. */
export function ErrorOverTime({ report }: { readonly report: ReportView }) {
  const { overTime, spec } = report;
  const { plain, signed } = amountsOf(spec.unit);
  const worst = overTime.reduce((a, b) => (b.meanError > a.meanError ? b : a));
  const by = overTime.every(({ name }) => name.length === 10) ? "day" : "window";
  return (
    <figure class="card" aria-label="Error over time">
      <div class="head">
        <figcaption>
          <h2>Error over time</h2>
        </figcaption>
        <span class="soft small">
          worst: {worst.name}, {plain(worst.meanError)}
        </span>
      </div>
      <Plot report={report} by={by} />
      <details>
        <summary class="soft small">as a table</summary>
        <div class="scroll">
          <table class="slices">
            <thead>
              <tr>
                {[by, "rows", "mean error", "bias", "interval holds"].map((name, i) => (
                  <th key={name} scope="col" class={i > 0 ? "number-cell" : ""}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {overTime.map(({ name, rows, meanError, bias, holds }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td class="number-cell">{numberText(rows)}</td>
                  <td class="number-cell">{plain(meanError)}</td>
                  <td class="number-cell">{signed(bias)}</td>
                  <td class="number-cell">{Number.isFinite(holds) ? percentText(holds) : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

function Plot({ report, by }: { readonly report: ReportView; readonly by: string }) {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useDark();
  const { overTime, spec } = report;
  const data = useMemo((): uPlot.AlignedData => {
    const scale = spec.unit === "share" ? 100 : 1;
    return [
      overTime.map(({ name }) => Date.parse(name.includes("T") ? `${name}Z` : name) / 1000),
      overTime.map(({ meanError }) => meanError * scale),
      overTime.map(({ bias }) => bias * scale),
    ];
  }, [overTime, spec.unit]);
  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const unit = spec.unit === "share" ? "%" : spec.unit;
    return mountChart(node, optionsOf(node, { unit, by }), data).remove;
  }, [data, spec.unit, by, isDark]);
  const { plain } = amountsOf(spec.unit);
  const label = `Mean error over ${overTime.length} ${by}s, from ${overTime[0]?.name} to ${overTime.at(-1)?.name}; the last ${plain(overTime.at(-1)?.meanError ?? 0)}`;
  return <div ref={place} class="plot" role="img" aria-label={label} />;
}

function optionsOf(
  node: HTMLElement,
  { unit, by }: { readonly unit: string; readonly by: string },
): uPlot.Options {
  const [soft, line, blue, accent] = ["--soft", "--line", "--blue", "--accent"].map((name) =>
    colourOf(node, name),
  ) as [string, string, string, string];
  const font = `12px ${getComputedStyle(node).fontFamily}`;
  const shared = {
    ...{ stroke: soft, font, labelFont: font },
    ...{ grid: { stroke: line, width: 1 }, ticks: { stroke: line } },
  };
  const points = { show: true, size: 5 };
  return {
    width: node.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [14, 26, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: {
      x: { time: true, range: (_, low, high) => (high > low ? [low, high] : [low - 1, low + 1]) },
      y: { range: (_, low, high) => [Math.min(0, low * 1.15), Math.max(high, 0) * 1.15 || 1] },
    },
    axes: [
      {
        ...shared,
        label: `${by}, on the clock of the rows`,
        labelSize: 20,
        size: 34,
        space: 62,
        values: (_, ticks) => ticks.map(dayText),
      },
      {
        ...shared,
        size: 48,
        label: `error, ${unit}`,
        labelSize: 18,
        values: (_, ticks) => ticks.map((tick) => String(tick).replace("-", "−")),
      },
    ],
    series: [
      {},
      { stroke: blue, width: 2, points: { ...points, fill: blue } },
      { stroke: accent, width: 1.5, dash: [5, 4], points: { show: false } },
    ],
    hooks: {
      draw: [
        (chart) => {
          writeAbove(chart, 1, "mean error", { colour: blue, font });
          writeAbove(chart, 2, "bias: above 0 it says too much", { colour: accent, font });
        },
      ],
    },
  };
}

const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

function dayText(seconds: number): string {
  const midnight = seconds % 86_400 === 0;
  return midnight
    ? days.format(seconds * 1000)
    : new Date(seconds * 1000).toISOString().slice(11, 16);
}

/** Writes on a line what it is, above the highest of its first points. */
function writeAbove(
  chart: uPlot,
  series: number,
  text: string,
  { colour, font }: { readonly colour: string; readonly font: string },
): void {
  const values = (chart.data[series] ?? []).filter((value) => typeof value === "number");
  const [first] = values;
  if (first === undefined) return;
  const { ctx, bbox } = chart;
  const near = values.slice(0, Math.max(1, Math.ceil(values.length / 3)));
  ctx.save();
  ctx.font = font.replace(/^([\d.]+)px/, (_, size) => `${Number(size) * devicePixelRatio}px`);
  ctx.fillStyle = colour;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  const gap = 6 * devicePixelRatio;
  ctx.fillText(text, bbox.left + gap, chart.valToPos(Math.max(...near), "y", true) - gap);
  ctx.restore();
}
