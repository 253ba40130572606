import { SpanStatusCode } from "@opentelemetry/api";
import { attribute } from "#kit/telemetry/attributes.ts";
import { recordedSpan } from "#kit/telemetry/span.ts";
import { tracer } from "#kit/telemetry/tracer.ts";
import type { Card } from "./bundle.ts";

/** One row on its way through the model. */
export interface RowTrace {
  /** It leaves the queue, in a run of so many rows. */
  run(batchSize: number): void;
  end(error?: Error): void;
}

/** A span from the row's arrival to its answer, below the present one; undefined where that is not recorded. */
export function traceRow({ service, version, digest }: Card): RowTrace | undefined {
  if (!recordedSpan()) return undefined;
  const queuedAt = performance.now();
  const span = tracer.startSpan(`model ${service}`, {
    attributes: {
      [attribute.modelService]: service,
      [attribute.modelVersion]: version,
      [attribute.modelDigest]: digest,
    },
  });
  return {
    run(batchSize) {
      span.setAttribute(attribute.batchSize, batchSize);
      span.setAttribute(attribute.queueMs, performance.now() - queuedAt);
    },
    end(error) {
      if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      span.end();
    },
  };
}
