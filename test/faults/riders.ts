import { setTimeout as sleep } from "node:timers/promises";
import type { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { TripEventName } from "#kit/events/subjects.ts";
import { fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import type { Client } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { tripIdOf } from "../../services/backend/identity.ts";
import type { Random } from "../../simulator/random.ts";
import type { Step, TripHistory } from "./history.ts";

type Backend = Client<typeof BackendServiceDefinition>;

export interface RidersOptions {
  readonly random: Random;
  /** Told apart from all other runs'. */
  readonly name: string;
  /** Any of them answers; a repeated call goes to the next. */
  readonly backends: readonly Backend[];
  readonly trips: number;
  /** Within so long every trip begins, ms. */
  readonly spreadMs: number;
  /** A trip's request was answered. */
  readonly onRequested: (trip: TripHistory) => void;
  /** Whether events' times jump by days, forwards and back. */
  readonly clockJumps: boolean;
}

/** A repeated call has the same ids, so it takes effect once; for so long it is repeated. */
const GIVE_UP_MS = 150_000;
const CALL_TIMEOUT_MS = 2_000;
const REPEATABLE = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"]);
const NOON = Date.UTC(2021, 1, 1, 17);
const DAY_MS = 86_400_000;

/** Lets riders take trips, each from the request to its end; gives back what they asked for. */
export function ride(options: RidersOptions): { trips: TripHistory[]; over: Promise<void> } {
  const { random, name } = options;
  const plans = Array.from({ length: options.trips }, (_, index) => {
    const riderId = `${name}-rider-${index}`;
    return planTrip(riderId, random, options);
  });
  const over = Promise.all(plans.map((plan) => take(plan, options))).then(() => undefined);
  return { trips: plans.map(({ trip }) => trip), over };
}

type Call = (
  backend: Backend,
  call: { timeoutMs: number; headers: Record<string, string> },
) => Promise<unknown>;

interface Plan {
  readonly trip: TripHistory;
  readonly calls: readonly {
    readonly event: TripEventName;
    readonly afterMs: number;
    readonly call: Call;
  }[];
}

function planTrip(riderId: string, random: Random, options: RidersOptions): Plan {
  const tripId = tripIdOf(riderId, "1");
  const whole = 300 + Math.floor(random.uniform() * 2_400);
  const reports = 1 + Math.floor(random.uniform() * 4);
  const isCancelled = random.uniform() < 0.1;
  const start = NOON + Math.floor(random.uniform() * 3_600_000);
  const timeAt = (seconds: number) => {
    const jump = options.clockJumps ? Math.floor((random.uniform() - 0.5) * 20) * DAY_MS : 0;
    return new Date(start + seconds * 1000 + jump);
  };
  const pause = () => 100 + random.uniform() * 500;
  const ride = {
    pickupZone: 1 + Math.floor(random.uniform() * 263),
    dropoffZone: 1 + Math.floor(random.uniform() * 263),
    pickupTime: undefined,
    passengerCount: 1 + Math.floor(random.uniform() * 4),
    tripDistanceMiles: random.uniform() < 0.5 ? undefined : 0.5 + random.uniform() * 20,
  };
  const requestedAt = timeAt(0);
  const startedAt = timeAt(60);
  const calls: Plan["calls"][number][] = [
    {
      event: "requested",
      afterMs: random.uniform() * options.spreadMs,
      call: (backend, call) =>
        backend.requestTrip({ requestId: "1", ride, eventTime: requestedAt }, call),
    },
    {
      event: "started",
      afterMs: pause(),
      call: (backend, call) => backend.startTrip({ tripId, eventTime: startedAt }, call),
    },
  ];
  for (let report = 1; report <= reports; report++) {
    const shareDone = report / (reports + 1);
    const elapsed = fromSeconds(Math.round(whole * shareDone));
    const eventTime = timeAt(60 + whole * shareDone);
    const request = { tripId, shareDone, elapsed, position: undefined, eventTime };
    calls.push({
      event: "progressed",
      afterMs: pause(),
      call: (backend, call) => backend.reportProgress(request, call),
    });
  }
  const eventTime = timeAt(60 + whole);
  const truth = {
    actualDuration: fromSeconds(whole),
    cost: fromUsd(20),
    tip: fromUsd(3),
    distanceMiles: 3,
  };
  calls.push(
    isCancelled
      ? {
          event: "cancelled",
          afterMs: pause(),
          call: (backend, call) => backend.cancelTrip({ tripId, eventTime }, call),
        }
      : {
          event: "completed",
          afterMs: pause(),
          call: (backend, call) => backend.completeTrip({ tripId, eventTime, ...truth }, call),
        },
  );
  return { trip: { tripId, riderId, steps: [] }, calls };
}

async function take({ trip, calls }: Plan, options: RidersOptions): Promise<void> {
  for (const [index, { event, afterMs, call }] of calls.entries()) {
    await sleep(afterMs);
    const step: Step = { seq: index + 1, event, calledAt: Date.now(), calls: 0 };
    trip.steps.push(step);
    await untilAnswered(step, trip, call, options);
    if (step.failure !== undefined) return; // the later calls would fail as well
    if (event === "requested") options.onRequested(trip);
  }
}

async function untilAnswered(
  step: Step,
  trip: TripHistory,
  call: Call,
  { backends }: RidersOptions,
): Promise<void> {
  const headers = { "x-rider-id": trip.riderId };
  for (;;) {
    const backend = backends[(step.calls + trip.steps.length) % backends.length];
    if (!backend) throw new Error("no backend");
    step.calls++;
    try {
      await call(backend, { timeoutMs: CALL_TIMEOUT_MS, headers });
      step.answeredAt = Date.now();
      return;
    } catch (cause) {
      const { code, message } = MeshError.from(cause);
      if (!REPEATABLE.has(code) || Date.now() - step.calledAt > GIVE_UP_MS) {
        step.failure = `${code}: ${message}`;
        return;
      }
      await sleep(100);
    }
  }
}
