import type { WallClock } from "./clock.ts";
import type { Cursor } from "./cursor.ts";
import type { EventTime } from "./event-time.ts";
import { LONGEST_WAIT_MS, SHORTEST_WAIT_MS } from "./plan.ts";
import { runSchedule } from "./schedule.ts";
import { createTraveller, type Progress, type Traveller, type TravellerDeps } from "./traveller.ts";
import { byPickup, type RecordedTrip, type TripSource } from "./trips/trip.ts";

export interface ReplayOptions {
  readonly source: TripSource;
  /** Earliest pickup, milliseconds since the epoch (UTC). */
  readonly fromMs: number;
  /** Trips to take in all, those of the runs before included; 0: all. */
  readonly tripLimit: number;
  readonly maxInFlight: number;
  readonly eventTime: EventTime;
  readonly clock: WallClock;
  /** Where an earlier run stopped. */
  readonly resumeFrom?: Cursor | undefined;
  /** What every traveller needs. */
  readonly traveller: Omit<TravellerDeps, "cut" | "onEnd" | "clock">;
}

export interface Replay {
  /** Runs to the end of the trips, or until `stop`. */
  run(): Promise<void>;
  /** Sends nothing more, gives calls under way `graceMs` (default 1000), then cuts them off. */
  stop(graceMs?: number): Promise<void>;
  /** Where the replay is; undefined before the first trip. `replay` names what it belongs to. */
  cursor(replay: string): Cursor | undefined;
  /** Trips under way. */
  readonly open: number;
}

/** Replays the trips of a source, each as a timeline of calls, all of them in order of event time. */
export function createReplay(options: ReplayOptions): Replay {
  const { source, clock, resumeFrom } = options;
  const open = new Map<string, Traveller>();
  const stopping = new AbortController();
  const cut = new AbortController();
  let taken = resumeFrom?.taken ?? 0;
  let through: Cursor["through"] | undefined = resumeFrom?.through;
  let running: Promise<void> = Promise.resolve();

  function board(trip: RecordedTrip, from?: Progress): Traveller {
    const onEnd = () => open.delete(trip.id);
    const deps = { ...options.traveller, clock, cut: cut.signal, onEnd };
    const traveller = createTraveller(trip, deps, from);
    open.set(trip.id, traveller);
    return traveller;
  }

  async function* travellers(): AsyncIterable<Traveller> {
    const left = new Map(resumeFrom?.open.map((trip) => [trip.id, trip]));
    const isDone = () => left.size === 0 && options.tripLimit > 0 && taken >= options.tripLimit;
    if (isDone()) return;
    for await (const trip of source.trips(firstPickupMs(options.fromMs, resumeFrom))) {
      const before = left.get(trip.id);
      left.delete(trip.id);
      if (before) {
        yield board(trip, before);
      } else if (isPast(trip, resumeFrom)) {
        continue;
      } else {
        left.clear(); // what was not found by now is not in this source
        if (isDone()) return;
        taken++;
        through = { pickupMs: trip.pickupMs, row: trip.row };
        yield board(trip);
      }
      if (isDone()) return;
    }
  }

  return {
    run() {
      running = runSchedule(travellers(), {
        eventTime: options.eventTime,
        clock,
        maxInFlight: options.maxInFlight,
        disorderMs: LONGEST_WAIT_MS - SHORTEST_WAIT_MS,
        signal: stopping.signal,
      });
      return running;
    },
    async stop(graceMs = 1000) {
      stopping.abort();
      const ended = running.catch(() => undefined); // whoever runs it hears of a failure
      const enough = new AbortController();
      await Promise.race([ended, clock.sleep(graceMs, enough.signal)]).finally(() =>
        enough.abort(),
      );
      cut.abort();
      await ended;
    },
    cursor(replay) {
      if (!through) return undefined;
      const unfinished = [...open.values()].map(({ trip, progress }) => ({
        id: trip.id,
        pickupMs: trip.pickupMs,
        ...progress,
      }));
      return { replay, taken, through, open: unfinished };
    },
    get open() {
      return open.size;
    },
  };
}

/** Everything before the oldest ride that is still open has been dealt with. */
function firstPickupMs(fromMs: number, cursor: Cursor | undefined): number {
  if (!cursor) return fromMs;
  const pickups = cursor.open.map((trip) => trip.pickupMs);
  return Math.max(fromMs, Math.min(cursor.through.pickupMs, ...pickups));
}

function isPast(trip: RecordedTrip, cursor: Cursor | undefined): boolean {
  return cursor !== undefined && byPickup(trip, cursor.through) <= 0;
}
