import { setTimeout as sleep } from "node:timers/promises";
import { HealthCheckResponse_ServingStatus, HealthDefinition } from "#gen/health/v1/health.ts";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";

/** Something that a rider would notice if it did not work yet. */
export interface Check {
  readonly name: string;
  /** Resolves when it works; fails with what is wrong. */
  run(signal: AbortSignal): Promise<void>;
}

/** What has to work through the edge before the mesh may call itself ready. */
export function edgeChecks(edge: string): Check[] {
  return [
    { name: "backend's health through the edge", run: (signal) => backendServes(edge, signal) },
    { name: "a quote through the edge", run: (signal) => quoteIsFull(edge, signal) },
    { name: "the gateway through the edge", run: (signal) => answers(edge, "/readyz", signal) },
    { name: "the rider's page", run: (signal) => answers(edge, "/", signal) },
  ];
}

/** Repeats each check until it passes; fails with the one that did not in time, and why. */
export async function untilReady(
  checks: readonly Check[],
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (const check of checks) {
    for (;;) {
      signal.throwIfAborted();
      try {
        await check.run(signal);
        break;
      } catch (cause) {
        signal.throwIfAborted();
        if (performance.now() > deadline) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`${check.name} did not work within ${withinMs / 1000} s: ${reason}`, {
            cause,
          });
        }
        await sleep(100, undefined, { signal });
      }
    }
  }
}

async function backendServes(edge: string, signal: AbortSignal): Promise<void> {
  const health = createClient(HealthDefinition, edge);
  try {
    const service = BackendServiceDefinition.fullName;
    const { status } = await health.check({ service }, { timeoutMs: 2_000, signal });
    if (status !== HealthCheckResponse_ServingStatus.SERVING) {
      throw new MeshError("UNAVAILABLE", "backend is not serving");
    }
  } finally {
    health.close();
  }
}

async function quoteIsFull(edge: string, signal: AbortSignal): Promise<void> {
  const backend = createClient(BackendServiceDefinition, edge);
  try {
    const { estimate } = await backend.quote(
      {
        ride: {
          pickupZone: 74,
          dropoffZone: 236,
          pickupTime: undefined,
          passengerCount: undefined,
          tripDistanceMiles: undefined,
        },
      },
      { timeoutMs: 2_000, signal, headers: { "x-rider-id": "mesh-up" } },
    );
    if (!estimate || estimate.degraded) {
      throw new MeshError("UNAVAILABLE", "the duration service does not answer backend");
    }
  } finally {
    backend.close();
  }
}

async function answers(edge: string, path: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(`http://${edge}${path}`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
  });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`GET ${path} answered ${response.status}`);
}
