// The part of tracing that everything may import: OpenTelemetry's API, which is small. What records and sends is in
// tracing.ts, loaded only where there is somewhere to send to.
import { trace } from "@opentelemetry/api";

/** Everything of tripmesh's own is under this name. */
export const tracer = trace.getTracer("tripmesh");

let running = false;

/** Whether spans are recorded in this process at all: where not, nobody has to read headers. */
export function isTracing(): boolean {
  return running;
}

/** Called by whoever starts and stops recording. */
export function setTracing(on: boolean): void {
  running = on;
}
