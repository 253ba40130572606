import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/**
 * The process's log: JSON lines on stdout, one event a line.
 *
 * `level` is one of pino's, default `info`. Never log a rider's request in full: ids are enough to find it.
 */
export function createLog(service: string, level = "info"): Logger {
  return pino({
    level,
    base: { service },
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}
