import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { isMissing } from "#kit/events/missing.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import { consumerServices, type ModelService, type Slot } from "#kit/traffic/traffic.ts";

/** Asks how many events a consumer's slot has not answered yet; undefined without a durable. */
export async function openWaiting(
  events: Events,
): Promise<(service: ModelService, slot: Slot) => Promise<number | undefined>> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return async (service, slot) => {
    if (!consumerServices.some((name) => name === service)) return undefined;
    const name = durableName(service, slot);
    const info = await manager.consumers.info(streams.trips, name).catch((cause: unknown) => {
      if (isMissing(cause)) return undefined;
      throw cause;
    });
    return info && info.num_pending + info.num_ack_pending;
  };
}
