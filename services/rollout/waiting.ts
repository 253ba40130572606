import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { findDurable, waitingFor } from "#kit/events/find-durable.ts";
import { durableName } from "#kit/events/subjects.ts";
import { consumerServices, type ModelService, type Slot } from "#kit/traffic/traffic.ts";

/** Asks how many events a consumer's slot has not answered yet; undefined without a durable. */
export async function openWaiting(
  events: Events,
): Promise<(service: ModelService, slot: Slot) => Promise<number | undefined>> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return async (service, slot) => {
    if (!consumerServices.some((name) => name === service)) return undefined;
    const info = await findDurable(manager, durableName(service, slot));
    return info && waitingFor(info);
  };
}
