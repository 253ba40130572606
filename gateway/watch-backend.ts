import type { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { Client } from "#kit/rpc/client.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { Reader } from "./reader.ts";
import type { Watch } from "./watch.ts";

const DAY_MS = 24 * 3600 * 1000; // longer than any ride

export interface ViaBackendDependencies {
  readonly backend: Pick<Client<typeof BackendServiceDefinition>, "watchTrip">;
  readonly log: Logger;
}

/** Watches trips by Backend's `WatchTrip`: the same updates, for those who trust the ledger more. */
export function watchViaBackend({ backend, log }: ViaBackendDependencies): Watch {
  return async ({ tripId, riderId }, reader) => {
    const responses = backend.watchTrip(
      { tripId },
      { timeoutMs: DAY_MS, signal: reader.signal, headers: { "x-rider-id": riderId } },
    );
    reader.begin();
    void pass(responses, reader).catch((cause: unknown) => {
      if (reader.signal.aborted) return; // the rider left, which cancelled the call
      log.warn({ err: cause, tripId }, "the stream from Backend broke");
      reader.cut(); // no `end`: the page comes back and resumes
    });
  };
}

async function pass(
  responses: ReturnType<ViaBackendDependencies["backend"]["watchTrip"]>,
  reader: Reader,
): Promise<void> {
  for await (const { update } of responses) if (update) reader.offer(update);
  reader.end();
}
