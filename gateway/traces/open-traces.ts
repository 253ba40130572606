import type { TelemetryConfig } from "#kit/config/telemetry.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Route } from "../http-server.ts";
import { startReceiver } from "./receiver.ts";
import { createTraceStore } from "./trace-store.ts";
import { createTracesRoute } from "./traces-route.ts";

/** The traces that this process keeps, for the console. */
export interface Traces {
  readonly route: Route;
  /** `otlp`: where spans are taken; nothing where none are. */
  readonly listening: Readonly<Record<string, string>>;
  /** As configured; this process's own spans come here, too, unless they are to go elsewhere. */
  readonly telemetry: TelemetryConfig;
  close(): Promise<void>;
}

/** Takes spans at `listen` and answers for them; without an address it takes none, and knows of no trace. */
export async function openTraces(
  listen: string | undefined,
  telemetry: TelemetryConfig,
  log: Logger,
): Promise<Traces> {
  const store = createTraceStore();
  const receiver = listen === undefined ? undefined : await startReceiver(store, { listen, log });
  const own = receiver && `http://${receiver.address}`;
  const { endpoint, rate } = telemetry;
  const collector = endpoint === undefined ? null : new URL(endpoint).origin;
  return {
    route: createTracesRoute(store, { isHere: receiver !== undefined, collector, rate }),
    listening: receiver ? { otlp: receiver.address } : {},
    telemetry: { ...telemetry, endpoint: endpoint ?? own },
    close: async () => receiver?.close(500),
  };
}
