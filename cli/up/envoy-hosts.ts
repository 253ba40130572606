import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { MeshError } from "#kit/rpc/errors.ts";

/** What Envoy knows of the addresses behind its clusters. */
export interface EnvoyHosts {
  /** Resolves once it would send requests to the address: its own gRPC health check succeeded. */
  untilHealthy(cluster: string, address: string, signal: AbortSignal): Promise<void>;
  /** Resolves once it sends nothing there any more, or does not answer: then it sends nothing anywhere. */
  untilGone(cluster: string, address: string): Promise<void>;
}

const answer = z.object({
  cluster_statuses: z.array(
    z.object({
      name: z.string(),
      host_statuses: z
        .array(
          z.object({
            address: z.object({
              socket_address: z.object({ address: z.string(), port_value: z.number() }),
            }),
            health_status: z.record(z.string(), z.unknown()),
          }),
        )
        .default([]),
    }),
  ),
});

const ASK_EVERY_MS = 25;

/** Asks Envoy's admin interface. */
export function createEnvoyHosts(admin: string, withinMs = 15_000): EnvoyHosts {
  async function ask(cluster: string): Promise<Map<string, boolean>> {
    const url = `http://${admin}/clusters?format=json`;
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const { cluster_statuses: statuses } = answer.parse(await response.json());
    const hosts = statuses.find(({ name }) => name === cluster)?.host_statuses ?? [];
    return new Map(
      hosts.map(({ address: { socket_address: at }, health_status: health }) => [
        `${at.address}:${at.port_value}`,
        health["failed_active_health_check"] !== true && health["pending_active_hc"] !== true,
      ]),
    );
  }

  return {
    async untilHealthy(cluster, address, signal) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        signal.throwIfAborted();
        const hosts = await ask(cluster).catch(() => undefined); // it may be starting again
        if (hosts?.get(address)) return;
        if (performance.now() > deadline) throw neverHealthy(cluster, address, withinMs);
        await sleep(ASK_EVERY_MS);
      }
    },
    async untilGone(cluster, address) {
      const deadline = performance.now() + withinMs;
      while (performance.now() < deadline) {
        const hosts = await ask(cluster).catch(() => undefined);
        if (!hosts?.has(address)) return;
        await sleep(ASK_EVERY_MS);
      }
    },
  };
}

function neverHealthy(cluster: string, address: string, withinMs: number): MeshError {
  return new MeshError(
    "UNAVAILABLE",
    `Envoy did not find ${address} healthy in ${cluster} within ${withinMs / 1000} s`,
  );
}
