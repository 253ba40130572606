import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import type { Resource } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { createRootSampler } from "./root-sampler.ts";
import { setTracing } from "./tracer.ts";

export interface TracingOptions {
  /** What this process is. */
  readonly resource: Resource;
  /** The collector, OTLP over gRPC: `http://host:port`. */
  readonly endpoint: string;
  /** Share of the traces begun here that are recorded, 0 to 1. What a caller has decided is kept to. */
  readonly rate: number;
  /** Where spans go instead; for tests. */
  readonly processor?: SpanProcessor;
}

export interface Tracing {
  /** Sends what is left, within 0.3 s: a collector that is away must not hold up a stop. */
  stop(): Promise<void>;
}

const FLUSH_WITHIN_MS = 300;

/**
 * Records spans in this process and sends them. OpenTelemetry's API is one for the whole process, so this is
 * called once, before anything is served; without it every call to that API does nothing.
 *
 * Spans wait in memory for at most a second, at most 4096 of them; what comes above that is dropped.
 */
export function startTracing({ resource, endpoint, rate, processor }: TracingOptions): Tracing {
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: createRootSampler(rate) }),
    spanProcessors: [processor ?? exportTo(endpoint)],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  setTracing(true);
  return {
    async stop() {
      setTracing(false);
      const late = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_WITHIN_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]); // reported by its handler
    },
  };
}

function exportTo(endpoint: string): SpanProcessor {
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url: endpoint, timeoutMillis: 2_000 }),
    scheduledDelayMillis: 1_000,
    maxQueueSize: 4_096,
    maxExportBatchSize: 512,
  });
}
