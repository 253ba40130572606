import { z } from "zod";
import { type EnvoyTraffic, readEnvoyTraffic } from "#kit/traffic/envoy-runtime.ts";

/** Processes of a slot that Envoy would send requests to, of all that it knows. */
export interface SlotProcesses {
  readonly healthy: number;
  readonly total: number;
}

/** What an Envoy says about the slots. */
export interface EnvoySlots {
  readonly traffic: EnvoyTraffic;
  /** By cluster, `tip-blue`; a slot without processes is not there. */
  readonly processes: ReadonlyMap<string, SlotProcesses>;
}

const clusters = z.object({
  cluster_statuses: z.array(
    z.object({
      name: z.string(),
      host_statuses: z
        .array(z.object({ health_status: z.record(z.string(), z.unknown()) }))
        .default([]),
    }),
  ),
});

/** Asks the admin interface (`host:port`) of an Envoy; fails when it does not answer in time. */
export async function readEnvoySlots(admin: string, timeoutMs = 1000): Promise<EnvoySlots> {
  const [traffic, processes] = await Promise.all([
    readEnvoyTraffic(admin, timeoutMs),
    readProcesses(admin, timeoutMs),
  ]);
  return { traffic, processes };
}

async function readProcesses(admin: string, timeoutMs: number): Promise<EnvoySlots["processes"]> {
  const response = await fetch(`http://${admin}/clusters?format=json`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { cluster_statuses: statuses } = clusters.parse(await response.json());
  return new Map(
    statuses.map(({ name, host_statuses: hosts }) => [
      name,
      { healthy: hosts.filter(isHealthy).length, total: hosts.length },
    ]),
  );
}

function isHealthy({ health_status: health }: { health_status: Record<string, unknown> }): boolean {
  return !(
    health["failed_active_health_check"] === true ||
    health["pending_active_hc"] === true ||
    health["failed_outlier_check"] === true
  );
}
