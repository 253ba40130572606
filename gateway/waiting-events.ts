import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { waitingFor } from "#kit/events/find-durable.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import { consumerServices, slots } from "#kit/traffic/traffic.ts";

const durables = new Set(
  consumerServices.flatMap((service) => slots.map((slot) => durableName(service, slot))),
);

/** Asks how many events each durable has not answered yet: not delivered, or delivered and not acknowledged. */
export async function openWaitingEvents(
  events: Events,
): Promise<() => Promise<Readonly<Record<string, number>>>> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  return async () => {
    const waiting: Record<string, number> = {};
    for await (const info of manager.consumers.list(streams.trips)) {
      if (durables.has(info.name)) waiting[info.name] = waitingFor(info);
    }
    return waiting;
  };
}
