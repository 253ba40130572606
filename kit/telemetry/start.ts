import type { TelemetryConfig } from "#kit/config/telemetry.ts";
import type { Logger } from "./log.ts";

/** What a process is, for those who look at its spans and metrics. */
export interface Identity {
  readonly service: string;
  readonly slot?: string;
  /** The version of its model. */
  readonly version?: string;
}

export interface Telemetry {
  /** `metrics`: where Prometheus reads this process, if it was asked for. To be announced with the other addresses. */
  readonly listening: { readonly metrics?: string };
  /** Sends what is left. */
  stop(): Promise<void>;
}

/**
 * Starts what the configuration asks for. Without an address that is nothing: not even OpenTelemetry's SDK is loaded,
 * and what would be traced or measured costs a comparison.
 */
export async function startTelemetry(
  config: TelemetryConfig,
  identity: Identity,
  log: Logger,
): Promise<Telemetry> {
  const { endpoint, metricsTo, metricsListen } = config;
  if ([endpoint, metricsTo, metricsListen].every((address) => address === undefined)) {
    return { listening: {}, stop: async () => {} };
  }
  const { startExport } = await import("./start-export.ts");
  return startExport(config, identity, log);
}
