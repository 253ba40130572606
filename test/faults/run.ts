import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../simulator/random.ts";
import { check, recoveryMs, type Violation } from "./check.ts";
import type { Fault } from "./faults.ts";
import type { Evidence, ReaderHistory, TripHistory } from "./history.ts";
import { readPending, readPlaces, readStored } from "./observe.ts";
import { read } from "./readers.ts";
import { ride } from "./riders.ts";
import type { Stage } from "./stage.ts";

export interface RunResult {
  readonly fault: string;
  readonly seed: number;
  /** What exactly was done. */
  readonly what: string;
  readonly violations: readonly Violation[];
  readonly recoveryMs: number;
  /** Calls of riders that were answered while the fault lasted. */
  readonly answeredMeanwhile: number;
  readonly events: number;
  readonly tookMs: number;
  readonly evidence: Evidence;
}

const TRIPS = 24;
/** Longest time until nothing is in the queues any more. The third delivery is 20 s after the first. */
const SETTLED_WITHIN_MS = 120_000;

/** Lets riders take trips while a fault happens, waits until all is quiet, and has the outcome checked. */
export async function run(stage: Stage, fault: Fault, seed: number): Promise<RunResult> {
  const startedAt = performance.now();
  const random = createRandom(`${fault.name}-${seed}`);
  const since = await readPlaces(stage.events);
  await fault.prepare?.({ stage, random });

  const giveUp = new AbortController();
  const readers: { history: ReaderHistory; over: Promise<void> }[] = [];
  const open = (trip: TripHistory, via: "direct" | "backend", isLate: boolean) => {
    const leavesAfter = isLate || random.uniform() < 0.6 ? [] : [2, 5];
    const joinsAfterMs = isLate ? 0 : random.uniform() * 2_000;
    const options = { ...trip, via, leavesAfter, joinsAfterMs, signal: giveUp.signal };
    return read({ gateway: stage.gatewayAddress, ...options });
  };
  const { trips, over } = ride({
    random,
    name: `run-${seed}-${Date.now()}`, // the streams keep earlier runs' trips
    backends: stage.clients,
    trips: TRIPS,
    spreadMs: 1_500,
    clockJumps: fault.clockJumps ?? false,
    onRequested: (trip) => readers.push(open(trip, "direct", false), open(trip, "backend", false)),
  });

  await sleep(300 + random.uniform() * 1_200);
  const from = Date.now();
  const { what, doneAt, poison = [] } = await fault.inject({ stage, random, trips, since });
  const to = doneAt ?? Date.now();
  await over;
  const tripIds = new Set(trips.map(({ tripId }) => tripId));
  const stored = await untilSettled(stage, since, tripIds, trips);

  const finished = trips.filter(({ steps }) => steps.every(({ failure }) => !failure));
  const late = finished.flatMap((trip) => [
    open(trip, "direct", true),
    open(trip, "backend", true),
  ]);
  const ids = new Set(finished.map(({ tripId }) => tripId));
  const ending = [...late, ...readers].filter(({ history }) => ids.has(history.tripId));
  await Promise.race([Promise.all(ending.map((reader) => reader.over)), sleep(20_000)]);
  giveUp.abort();
  const evidence: Evidence = {
    deployed: stage.deployed,
    trips,
    readers: readers.map(({ history }) => history),
    lateReaders: late.map(({ history }) => history),
    ...stored,
    poison,
    fault: { from, to },
  };
  return {
    fault: fault.name,
    seed,
    what,
    violations: check(evidence),
    recoveryMs: recoveryMs(evidence),
    answeredMeanwhile: trips
      .flatMap(({ steps }) => steps)
      .filter(({ answeredAt = 0 }) => answeredAt >= from && answeredAt <= to).length,
    events: stored.events.length,
    tookMs: performance.now() - startedAt,
    evidence,
  };
}

/** Waits until every event that was asked for is stored and every durable is empty, or gives what there is. */
async function untilSettled(
  stage: Stage,
  since: Awaited<ReturnType<typeof readPlaces>>,
  tripIds: ReadonlySet<string>,
  trips: readonly TripHistory[],
): Promise<Pick<Evidence, "events" | "predictions" | "deadLetters" | "pending">> {
  const deadline = performance.now() + SETTLED_WITHIN_MS;
  const asked = trips.flatMap(({ tripId, steps }) =>
    steps.filter((step) => step.answeredAt !== undefined).map(({ seq }) => `${tripId}:${seq}`),
  );
  for (;;) {
    const isLast = performance.now() > deadline;
    try {
      const { events } = await readStored(stage.events, since, tripIds);
      const there = new Set(events.map(({ event }) => event.eventId));
      const isThere = asked.every((id) => there.has(id));
      const pending = await readPending(stage.events, stage.deployed); // after that: what is stored counts as pending
      const isEmpty = [...pending.values()].every((count) => count === 0);
      if ((isThere && isEmpty) || isLast) {
        return { ...(await readStored(stage.events, since, tripIds)), pending };
      }
    } catch (cause) {
      if (isLast) throw cause; // a cluster that elects a leader does not answer for a moment
    }
    await sleep(100);
  }
}
