import { attribute } from "#kit/telemetry/attributes.ts";
import { isMeasuring, observe, record } from "#kit/telemetry/instruments.ts";
import { metrics } from "#kit/telemetry/registry.ts";
import type { Card } from "./bundle.ts";

/** Measures the runs of a model: once a run, not once a row, which would cost more than many a row's work. */
export interface RunMeter {
  /** A run of so many rows begins; the first of them has waited since `queuedAt`, by `performance.now()`. */
  began(rows: number, queuedAt: number): void;
  ended(): void;
}

export function createRunMeter({ service, version }: Pick<Card, "service" | "version">): RunMeter {
  const attributes = { [attribute.modelService]: service, [attribute.modelVersion]: version };
  let startedAt: number | undefined;
  let busySeconds = 0;
  observe(metrics.modelBusy, (tell) => tell(busySeconds, attributes));
  return {
    began(rows, queuedAt) {
      if (!isMeasuring()) return;
      startedAt = performance.now();
      record(metrics.modelBatch, rows, attributes);
      record(metrics.modelQueue, (startedAt - queuedAt) / 1000, attributes);
    },
    ended() {
      if (startedAt === undefined) return;
      const seconds = (performance.now() - startedAt) / 1000;
      startedAt = undefined;
      busySeconds += seconds;
      record(metrics.modelRun, seconds, attributes);
    },
  };
}
