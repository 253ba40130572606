import { expect, test } from "vitest";
import { noLatency, parseLatency } from "./envoy-latency.ts";

const histogram = (values: unknown[]) => ({
  stats: [
    {
      histograms: {
        supported_quantiles: [0, 50, 99],
        computed_quantiles: [{ name: "cluster.backend.upstream_rq_time", values }],
      },
    },
  ],
});

test("reads the last interval, and has nothing to tell without requests in it", () => {
  const busy = [0, 3.5, 12].map((interval) => ({ interval, cumulative: 99 }));
  expect(parseLatency(histogram(busy))).toEqual({ p50Ms: 3.5, p99Ms: 12 });
  const idle = busy.map(() => ({ interval: null, cumulative: 99 }));
  expect(parseLatency(histogram(idle))).toEqual(noLatency);
  expect(parseLatency({ stats: [] })).toEqual(noLatency);
  expect(parseLatency("not Envoy")).toEqual(noLatency);
});
