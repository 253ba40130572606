import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import type { Resource } from "@opentelemetry/resources";
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { setMeter } from "./instruments.ts";
import { openMetricsEndpoint } from "./metrics-endpoint.ts";
import { observeProcess } from "./observe-process.ts";
import { onlyPresent } from "./only-present.ts";

export interface MeasuringOptions {
  readonly resource: Resource;
  /** The collector, OTLP over gRPC; undefined: none is sent to. */
  readonly endpoint: string | undefined;
  /** Where Prometheus finds `/metrics`, `host:port`; port 0: the kernel chooses; undefined: nowhere. */
  readonly listen: string | undefined;
  /** For tests. */
  readonly readers?: readonly IMetricReader[];
}

export interface Measuring {
  /** Where Prometheus finds `/metrics`, with the port that it got. */
  readonly metrics: string | undefined;
  /** Exports once more, within 0.3 s. */
  stop(): Promise<void>;
}

const EXPORT_EVERY_MS = 10_000;
const FLUSH_WITHIN_MS = 300;

/** Measures in this process; without a place to go to it does not, and costs nothing. */
export async function startMeasuring(options: MeasuringOptions): Promise<Measuring | undefined> {
  const { resource, endpoint, listen, readers = [] } = options;
  const page = listen === undefined ? undefined : await openMetricsEndpoint(listen);
  const all = [
    ...readers,
    ...(endpoint === undefined ? [] : [exportTo(endpoint)]),
    ...(page ? [page.reader] : []),
  ];
  if (all.length === 0) return undefined;
  const provider = new MeterProvider({ resource, readers: all });
  setMeter(provider.getMeter("tripmesh"));
  const unobserve = observeProcess();
  return {
    metrics: page?.address,
    async stop() {
      setMeter(undefined);
      unobserve();
      await page?.close();
      const late = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_WITHIN_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]); // told by the error handler
    },
  };
}

function exportTo(endpoint: string): IMetricReader {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: endpoint, timeoutMillis: 2_000 }),
    exportIntervalMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: 5_000,
  });
  return onlyPresent(reader);
}
