import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { startMeasuring } from "../measuring.ts";
import type { Metric } from "../registry.ts";

/** What is measured in this process, kept instead of sent. */
export interface Measured {
  /** The values of a metric now, with their attributes; of a histogram count and sum. */
  values(metric: Metric): Promise<{ attributes: object; value: unknown }[]>;
  stop(): Promise<void>;
}

/** Begins to measure; what is made before it is not measured. */
export async function measureHere(): Promise<Measured> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const measuring = await startMeasuring({
    resource: resourceFromAttributes({ "service.name": "test" }),
    endpoint: undefined,
    listen: undefined,
    readers: [reader],
  });
  return {
    async values({ name }) {
      exporter.reset();
      await reader.forceFlush();
      const all = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
      const found = all.find(({ descriptor }) => descriptor.name === name);
      return (found?.dataPoints ?? []).map(({ attributes, value }) => ({
        attributes,
        value: typeof value === "number" ? value : { count: value.count, sum: value.sum },
      }));
    },
    stop: async () => measuring?.stop(),
  };
}
