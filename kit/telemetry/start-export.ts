import { randomUUID } from "node:crypto";
import { setGlobalErrorHandler } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { TelemetryConfig } from "#kit/config/telemetry.ts";
import { attribute } from "./attributes.ts";
import type { Logger } from "./log.ts";
import { startMeasuring } from "./measuring.ts";
import type { Identity, Telemetry } from "./start.ts";
import { startTracing } from "./tracing.ts";

const COMPLAIN_EVERY_MS = 60_000;

/** Traces and measures, as far as there is somewhere to send to. */
export async function startExport(
  { endpoint, rate, environment, metricsTo, metricsListen }: TelemetryConfig,
  { service, slot, version }: Identity,
  log: Logger,
): Promise<Telemetry> {
  setGlobalErrorHandler(complainSeldom(log));
  const resource = resourceFromAttributes({
    "service.namespace": "tripmesh",
    "service.name": service,
    "service.instance.id": randomUUID(), // a process number is 1 in every container
    "deployment.environment.name": environment,
    ...(version === undefined ? {} : { "service.version": version }),
    ...(slot === undefined ? {} : { [attribute.slot]: slot }),
  });
  const tracing = endpoint === undefined ? undefined : startTracing({ resource, endpoint, rate });
  const measuring = await startMeasuring({ resource, endpoint: metricsTo, listen: metricsListen });
  return {
    listening: measuring?.metrics === undefined ? {} : { metrics: measuring.metrics },
    async stop() {
      await Promise.all([tracing?.stop(), measuring?.stop()]);
    },
  };
}

/** A collector that is away fails every second; one line a minute says so. */
function complainSeldom(log: Logger): (cause: unknown) => void {
  let quietUntil = 0;
  return (cause) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + COMPLAIN_EVERY_MS;
    log.warn({ err: cause }, "telemetry cannot be sent; what waits is dropped");
  };
}
