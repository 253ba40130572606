import { lookup } from "node:dns/promises";
import type { Listening } from "./child.ts";
import { HOST } from "./ports.ts";

export interface MeshTelemetryOptions {
  /** What `mesh up` was started with: `OTEL_EXPORTER_OTLP_ENDPOINT` in it sends everything there. */
  readonly env: NodeJS.ProcessEnv;
  /** Where the gateway takes spans when nobody else does; 0: the kernel chooses. */
  readonly port: number;
  /** Share of the traces begun by the mesh's processes that are recorded. */
  readonly traceRate: number;
  /** Every process listens for Prometheus, on a port that the kernel chooses. */
  readonly metrics: boolean;
  /** Says where Envoy finds the collector; undefined: it is away. */
  readonly setCollector: (address: string | undefined) => void;
}

/** Where the spans of a mesh go: to the gateway, for its console, or to a collector that somebody else runs. */
export interface MeshTelemetry {
  /** Names a collector of somebody else's to Envoy, if there is one. */
  begin(): Promise<void>;
  /** Variables of every process. */
  env(): NodeJS.ProcessEnv;
  /** Variables of the gateway alone. */
  gatewayEnv(last: Listening | undefined): NodeJS.ProcessEnv;
  /** The gateway listens, or has ended. */
  gatewayIs(listening: Listening | undefined): void;
  /** `host:port` where the gateway takes spans, if it does. */
  address(): string | undefined;
}

export function createMeshTelemetry(options: MeshTelemetryOptions): MeshTelemetry {
  const { env, port, traceRate, metrics, setCollector } = options;
  const elsewhere = env["OTEL_EXPORTER_OTLP_ENDPOINT"] || undefined;
  let own: string | undefined;
  return {
    async begin() {
      if (elsewhere !== undefined) setCollector(await addressOf(elsewhere));
    },
    env() {
      const endpoint = elsewhere ?? (own === undefined ? undefined : `http://${own}`);
      return {
        MESH_TRACE_RATE: String(traceRate),
        ...(metrics ? { MESH_METRICS_LISTEN: `${HOST}:0` } : {}),
        ...(endpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }),
        ...(elsewhere === undefined ? { OTEL_METRICS_EXPORTER: "none" } : {}), // the gateway takes none
      };
    },
    gatewayEnv: (last) =>
      elsewhere === undefined ? { MESH_OTLP_LISTEN: last?.["otlp"] ?? `${HOST}:${port}` } : {},
    gatewayIs(listening) {
      if (elsewhere !== undefined) return;
      own = listening?.["otlp"] ?? own; // it keeps its port over a restart, and so do those who send to it
      setCollector(listening?.["otlp"]);
    },
    address: () => (elsewhere === undefined ? own : undefined),
  };
}

/** Envoy's endpoint files hold addresses, not names. */
async function addressOf(endpoint: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  const { address, family } = await lookup(hostname.replace(/^\[(.*)\]$/, "$1"));
  return `${family === 6 ? `[${address}]` : address}:${port || "4317"}`;
}
