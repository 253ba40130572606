import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { mountChart } from "./mount-chart.ts";

export interface SparklineProps {
  /** Seconds since 1970. */
  readonly at: readonly number[];
  /** One list a line, null where nothing was measured. */
  readonly lines: readonly (readonly (number | null)[])[];
  /** CSS variables, one a line. */
  readonly colours: readonly string[];
  readonly label: string;
}

const HEIGHT = 56;

/** The last minutes of a number, without axes: the number itself stands above it. */
export function Sparkline({ at, lines, colours, label }: SparklineProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const colourList = colours.join();

  useEffect(() => {
    const node = place.current;
    if (!node) return;
    const style = getComputedStyle(node);
    const chart = mountChart(
      node,
      {
        width: node.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: {
          x: { time: true },
          y: { range: (_, low, high) => [Math.min(0, low), high || 1] },
        },
        padding: [4, 0, 2, 0],
        series: [
          {},
          ...colourList.split(",").map((name) => ({
            stroke: style.getPropertyValue(name),
            width: 1.75,
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      [[], ...colourList.split(",").map(() => [])],
    );
    plot.current = chart.plot;
    return chart.remove;
  }, [colourList]);

  useEffect(() => {
    plot.current?.setData([[...at], ...lines.map((line) => [...line])]);
  }, [at, lines]);

  return <div ref={place} class="sparkline" role="img" aria-label={label} />;
}
