import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { isMissing } from "./missing.ts";
import { streams } from "./subjects.ts";

/** How far a durable of `TRIPS` is; undefined where there is none. */
export async function findDurable(
  manager: JetStreamManager,
  durable: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(streams.trips, durable);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    return undefined;
  }
}

/** Events that a durable has not answered yet: not delivered, or delivered and not acknowledged. */
export function waitingFor({ num_pending, num_ack_pending }: ConsumerInfo): number {
  return num_pending + num_ack_pending;
}
