import { createHash } from "node:crypto";
import { context } from "@opentelemetry/api";
import { decided } from "#kit/telemetry/trace-decision.ts";
import { isTracing } from "#kit/telemetry/tracer.ts";

/**
 * Makes a call of a trip so that either all of the trip's calls are recorded or none: a story of which every
 * twentieth sentence is kept tells nothing. `rate` is the share of the trips, 0 to 1.
 */
export function withTripTraced<T>(recordedId: string, rate: number, call: () => T): T {
  if (!isTracing()) return call();
  const hash = createHash("sha256").update(recordedId).digest().readUInt32LE(0);
  return context.with(decided(context.active(), hash < rate * 2 ** 32), call);
}
