import { context, trace } from "@opentelemetry/api";
import { type DestinationStream, type Logger, pino } from "pino";
import { redactedPaths, withoutPasswords } from "./redact.ts";
import { currentTrip } from "./trip-context.ts";

export type { Logger } from "pino";

/**
 * The process's log: JSON lines on stdout, one event a line. What is logged within a traced call or message has its
 * `traceId` and `spanId`, and its `tripId` where one is known; see redact.ts for what no line ever has.
 *
 * `level` is one of pino's, default `info`. Never log a rider's request in full: ids are enough to find it. `to` is
 * for tests.
 */
export function createLog(service: string, level = "info", to?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: idsOfContext,
    redact: { paths: [...redactedPaths], censor: "[redacted]" },
    hooks: { streamWrite: withoutPasswords },
  };
  return to ? pino(options, to) : pino(options);
}

/** What the line's own fields may override. */
function idsOfContext(): object {
  const span = trace.getSpanContext(context.active());
  const tripId = currentTrip();
  return {
    ...(span && { traceId: span.traceId, spanId: span.spanId }),
    ...(tripId !== undefined && { tripId }),
  };
}
