import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import type { CurvePoint } from "../../releases/curve.ts";
import type { RolloutView } from "../../releases/view.ts";
import { colourOf, useDark, withAlpha } from "../chart-colours.ts";
import { mountChart } from "../mount-chart.ts";
import { type Axis, type ChartData, chartData } from "./chart-data.ts";
import { drawLabels } from "./chart-labels.ts";
import { count, signedShare } from "./words.ts";

const HEIGHT = 280;

/** The confidence sequence of the realised error: the band, the estimate, the margin and no difference. */
export function EvidenceChart(props: {
  readonly rollout: RolloutView;
  readonly curve: readonly CurvePoint[];
}) {
  const { rollout, curve } = props;
  const [axis, setAxis] = useState<Axis>("trips");
  const data = useMemo(() => chartData(curve, axis), [curve, axis]);
  const last = curve.at(-1);
  return (
    <figure class="evidence">
      <div class="head">
        <figcaption>
          <b>Realised error of {rollout.candidateVersion}</b>, compared with {rollout.liveVersion}{" "}
          on the same rides; <span class="soft">below 0 it is better</span>
        </figcaption>
        <fieldset class="choice">
          <legend class="unseen">Horizontal axis</legend>
          {(["trips", "time"] as const).map((name) => (
            <label key={name}>
              <input
                type="radio"
                name={`axis-${rollout.id}`}
                checked={axis === name}
                onChange={() => setAxis(name)}
              />
              {name}
            </label>
          ))}
        </fieldset>
      </div>
      {last && data.x.length > 0 ? (
        <Plot
          data={data}
          axis={axis}
          slot={rollout.candidateSlot}
          confidence={1 - rollout.requirements.alpha}
          label={describe(last)}
        />
      ) : (
        <p class="empty soft">
          No ride has both answers and its truth yet. The first point comes with the first finished
          ride.
        </p>
      )}
    </figure>
  );
}

function describe({ n, estimate, lower, upper, margin }: CurvePoint): string {
  const between =
    lower === null || upper === null
      ? "no interval yet"
      : `between ${signedShare(lower)} and ${signedShare(upper)}`;
  return `Over ${count(n)} finished trips ${signedShare(estimate)}, ${between}; the margin is ${signedShare(margin)}`;
}

interface PlotProps {
  readonly data: ChartData;
  readonly axis: Axis;
  readonly slot: "blue" | "green";
  readonly confidence: number;
  readonly label: string;
}

function Plot({ data, axis, slot, confidence, label }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shown = useRef(data);
  shown.current = data;
  const isDark = useDark();

  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const options = optionsOf(node, { axis, slot, confidence, data: () => shown.current });
    const chart = mountChart(node, options, columns(shown.current));
    plot.current = chart.plot;
    return chart.remove;
  }, [axis, slot, confidence, isDark]);

  useEffect(() => {
    plot.current?.setData(columns(data));
  }, [data]);

  return <div ref={place} class="plot" role="img" aria-label={label} />;
}

function columns({ x, lower, estimate, upper }: ChartData): uPlot.AlignedData {
  return [[...x], [...lower], [...estimate], [...upper]];
}

interface Look {
  readonly axis: Axis;
  readonly slot: "blue" | "green";
  readonly confidence: number;
  readonly data: () => ChartData;
}

function optionsOf(node: HTMLElement, { axis, slot, confidence, data }: Look): uPlot.Options {
  const style = getComputedStyle(node);
  const colour = (name: string) => colourOf(node, name);
  const [ink, soft, line, own, accent, ground] = [
    colour("--ink"),
    colour("--soft"),
    colour("--line"),
    colour(`--${slot}`),
    colour("--accent"),
    colour("--card"),
  ];
  const font = `12px ${style.fontFamily}`;
  const shared = { stroke: soft, font, labelFont: font, grid: { stroke: line, width: 1 } };
  return {
    width: node.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [12, 8, 0, 0],
    scales: {
      x: { time: axis === "time", range: (_, low, high) => [low, high > low ? high : low + 1] },
      y: { range: () => [...data().range] },
    },
    axes: [
      {
        ...shared,
        ticks: { stroke: line },
        label:
          axis === "time" ? "time, by the server's clock" : "finished trips that both answered",
        labelSize: 20,
        ...(axis === "trips"
          ? {
              incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6],
              values: (_: uPlot, ticks: number[]) => ticks.map(count),
            }
          : {}),
      },
      {
        ...shared,
        ticks: { stroke: line },
        size: 62,
        label: "difference of the error, %",
        labelSize: 18,
        values: (_, ticks) =>
          ticks.map((tick) => `${tick > 0 ? "+" : ""}${tick}`.replace("-", "−")),
      },
    ],
    bands: [{ series: [3, 1], fill: withAlpha(own, 0.16) }],
    series: [
      {},
      { stroke: own, width: 1, dash: [3, 3], points: { show: false } },
      { stroke: own, width: 2.5, points: { show: data().x.length < 2, size: 7 } },
      { stroke: own, width: 1, dash: [3, 3], points: { show: false } },
    ],
    hooks: {
      draw: [(chart) => drawLabels(chart, data(), { ink, ground, own, accent, font, confidence })],
    },
  };
}
