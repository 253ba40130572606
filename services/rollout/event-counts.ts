import type { JetStreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { findDurable } from "#kit/events/find-durable.ts";
import { deadSubject, durableName, streams } from "#kit/events/subjects.ts";
import { type ConsumerService, type Slot, slots } from "#kit/traffic/traffic.ts";
import type { CountsBySlot, SlotCounts } from "./request-counts.ts";

/**
 * What the event stream has counted of the two slots of an event consumer so far: an event that was given to it is
 * a request, a dead letter an error. Nobody waits for its answers, so none is timed. A slot in which nothing is
 * deployed has no durable, and no counts.
 */
export async function readEventCounts(
  events: Events,
  service: ConsumerService,
): Promise<CountsBySlot> {
  const manager = await events.js.jetstreamManager(false);
  const counts = slots.map(async (slot) => [slot, await readSlot(manager, service, slot)] as const);
  return Object.fromEntries(await Promise.all(counts)) as Record<Slot, SlotCounts | undefined>;
}

async function readSlot(
  manager: JetStreamManager,
  service: ConsumerService,
  slot: Slot,
): Promise<SlotCounts | undefined> {
  const durable = await findDurable(manager, durableName(service, slot));
  if (!durable) return undefined;
  const { delivered } = durable;
  const subject = deadSubject(service, slot);
  const { state } = await manager.streams.info(streams.deadLetters, { subjects_filter: subject });
  return {
    requests: delivered.stream_seq,
    errors: state.subjects?.[subject] ?? 0,
    // The first counts every delivery, the second every event once; where the durable began is a constant.
    redelivered: delivered.consumer_seq - delivered.stream_seq,
    timed: 0,
    slow: 0,
  };
}
