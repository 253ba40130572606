import { z } from "zod";
import { address } from "./read.ts";

/** Environment variables of every process, about its telemetry. The names with OTEL_ are OpenTelemetry's own. */
export const telemetryEnv = {
  /** The collector: `http://host:4317`. Unset or empty: nothing is recorded. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .union([z.literal(""), z.url({ protocol: /^https?$/ })])
    .optional()
    .transform((url) => url || undefined),
  /** Envoy and every process speak OTLP over gRPC. */
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .literal("grpc", { error: "must be grpc: that is what is spoken here" })
    .default("grpc"),
  /**
   * Share of the traces begun in this process that are recorded, 0 to 1. A caller's decision is always kept to.
   * 1 where the collector samples by tail.
   */
  MESH_TRACE_RATE: z.coerce.number().min(0).max(1).default(1),
  /** `otlp`: metrics go to the collector as well; `none`: it takes traces only. OpenTelemetry's own name. */
  OTEL_METRICS_EXPORTER: z.enum(["otlp", "none"]).default("otlp"),
  /** Where Prometheus finds `/metrics`; port 0 is of use under `mesh up`, which is told. Unset: nowhere. */
  MESH_METRICS_LISTEN: address.optional(),
  /** Where this runs, for whoever looks at several: `local`, `staging` … */
  MESH_ENVIRONMENT: z.string().min(1).default("local"),
};

/** The same by their names in the code. */
export function telemetryConfig(env: z.output<z.ZodObject<typeof telemetryEnv>>) {
  return {
    endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    rate: env.MESH_TRACE_RATE,
    metricsTo: env.OTEL_METRICS_EXPORTER === "otlp" ? env.OTEL_EXPORTER_OTLP_ENDPOINT : undefined,
    metricsListen: env.MESH_METRICS_LISTEN,
    environment: env.MESH_ENVIRONMENT,
  };
}

export type TelemetryConfig = ReturnType<typeof telemetryConfig>;
