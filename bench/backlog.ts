// A backlog of trip events, answered again and again by one durable, each time by fresh processes.
import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { provision, provisionSlot } from "#kit/events/provision.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import type { Row } from "./measurement.ts";
import { show, spread } from "./numbers.ts";
import { cpuTime } from "./proc.ts";
import { column } from "./samples.ts";
import type { Service } from "./services.ts";
import { EVENTS_PER_TRIP, publishTrips } from "./trip-events.ts";

export const BACKLOG_DURABLE = durableName("tip", "blue");

const POLL_MS = 20;
/** Until this share is answered the processes start and their code is compiled: it does not count. */
const WARM_UP_SHARE = 0.25;
/** A consumer that does not get on fails the measurement. */
const ANSWERED_WITHIN_MS = 120_000;

/** What it took to answer a backlog. */
export interface Drained {
  readonly perSecond: number;
  /** Events per second of processor time, of all the processes together. */
  readonly perCpuSecond: number;
  /** Processor time for one event, µs; and the main thread's part of it. */
  readonly cpuUs: number;
  readonly mainUs: number;
  /** Deliveries for one event: above 1, some were delivered again. */
  readonly deliveries: number;
}

export interface Backlog {
  readonly events: number;
  /** Lets fresh processes answer everything by tip's blue durable; `PREDICTIONS` holds only their answers. */
  drain(start: (stack: AsyncDisposableStack) => Promise<readonly Service[]>): Promise<Drained>;
}

/** Publishes the events of so many trips. */
export async function openBacklog(events: Events, trips: number): Promise<Backlog> {
  const manager = await jetstreamManager(events.connection);
  await publishTrips(events, "t", trips);
  const count = trips * EVENTS_PER_TRIP;
  return {
    events: count,
    async drain(start) {
      await startAgain(events, manager);
      await using stack = new AsyncDisposableStack();
      const services = await start(stack);
      const pids = services.map(({ pid }) => pid);
      const before = await waitUntil(manager, pids, count * (1 - WARM_UP_SHARE));
      const after = await waitUntil(manager, pids, 0);
      const answered = before.waiting - after.waiting;
      const cpuMs = after.allThreadsMs - before.allThreadsMs;
      return {
        perSecond: answered / ((after.atMs - before.atMs) / 1000),
        perCpuSecond: answered / (cpuMs / 1000),
        cpuUs: (cpuMs * 1000) / answered,
        mainUs: ((after.mainThreadMs - before.mainThreadMs) * 1000) / answered,
        deliveries: after.deliveries / count,
      };
    },
  };
}

/** New predictions, or the server would recognise them as repeated and not store them; a new durable. */
async function startAgain(events: Events, manager: JetStreamManager): Promise<void> {
  await manager.streams.delete(streams.predictions);
  await provision(events);
  await manager.consumers.delete(streams.trips, BACKLOG_DURABLE).catch(() => false); // the first time
  await provisionSlot(events, "tip", "blue", "all");
}

/** Waits until no more than so many events are unanswered; gives how things stand then. */
async function waitUntil(manager: JetStreamManager, pids: readonly number[], most: number) {
  const deadline = performance.now() + ANSWERED_WITHIN_MS;
  for (;;) {
    const info = await manager.consumers.info(streams.trips, BACKLOG_DURABLE);
    const waiting = info.num_pending + info.num_ack_pending;
    if (waiting <= most) {
      const atMs = performance.now();
      return { atMs, waiting, deliveries: info.delivered.consumer_seq, ...cpuOf(pids) };
    }
    if (performance.now() > deadline) throw new Error(`${waiting} events are still not answered`);
    await sleep(POLL_MS);
  }
}

function cpuOf(pids: readonly number[]) {
  const times = pids.map(cpuTime);
  return {
    allThreadsMs: times.reduce((sum, time) => sum + time.allThreadsMs, 0),
    mainThreadMs: times.reduce((sum, time) => sum + time.mainThreadMs, 0),
  };
}

export function drainedRow(what: string, samples: readonly Drained[]): Row {
  return {
    what,
    columns: {
      "events/s": show(spread(column(samples, (s) => s.perSecond)), 0),
      "events/CPU s": show(spread(column(samples, (s) => s.perCpuSecond)), 0),
      "CPU µs/event": show(spread(column(samples, (s) => s.cpuUs)), 1),
      "main thread's": show(spread(column(samples, (s) => s.mainUs)), 1),
      "deliveries/event": show(spread(column(samples, (s) => s.deliveries)), 3),
    },
  };
}
