import uPlot from "uplot";

/** A chart in a page. */
export interface MountedChart {
  readonly plot: uPlot;
  remove(): void;
}

/** Draws a chart into a node, as wide as that is, also when it becomes wider or narrower. Height in CSS pixels. */
export function mountChart(
  node: HTMLElement,
  options: uPlot.Options,
  data: uPlot.AlignedData,
): MountedChart {
  const plot = new uPlot(options, data, node);
  const { height } = options;
  const resize = new ResizeObserver(() => plot.setSize({ width: node.clientWidth, height }));
  resize.observe(node);
  return {
    plot,
    remove() {
      resize.disconnect();
      plot.destroy();
    },
  };
}
