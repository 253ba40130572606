import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { TripEventName } from "#kit/events/subjects.ts";
import { answeredEvents } from "#kit/events/subjects.ts";
import { snapshotRow } from "#kit/model/features.ts";
import { fromMinutes, fromSeconds } from "#kit/rpc/amounts.ts";
import type { ConsumerService, ModelService } from "#kit/traffic/traffic.ts";
import { toRow as toCostRow } from "../../services/cost/service.ts";
import { toRow as toDynamicDurationRow } from "../../services/dynamic-duration/service.ts";
import { toRow as toTipRow } from "../../services/tip/service.ts";
import { createRandom, type Random } from "../../simulator/random.ts";

/** The same ride in each form in which a service can be given it. */
export interface ParityRow {
  /** What the model is fed, in card order. */
  readonly row: readonly number[];
  readonly features: FeatureSnapshot;
  /** What a consumer is given; duration has none. */
  readonly event?: TripEvent;
}

const toRows: Record<ConsumerService, (event: TripEvent) => readonly number[] | undefined> = {
  "dynamic-duration": toDynamicDurationRow,
  tip: toTipRow,
  cost: toCostRow,
};

/**
 * Rides drawn by `seed`, all over the zones and the years, known and unknown distances, at the request and
 * on the way. A consumer's row is what its own code makes of the event after its way over the wire.
 */
export function drawRows(service: ModelService, count: number, seed: string): ParityRow[] {
  const random = createRandom(`parity:${seed}`);
  return Array.from({ length: count }, (_, i): ParityRow => {
    const features = drawSnapshot(random);
    if (service === "duration") return { row: snapshotRow(features), features };
    const names = answeredEvents[service];
    const name = names[i % names.length] ?? names[0];
    const drawn = drawEvent(random, service, `parity-${i}`, features, name);
    const event = TripEvent.decode(TripEvent.encode(drawn).finish());
    const row = toRows[service](event);
    if (!row || !event.features) throw new Error(`${service} does not answer its own ${name}`);
    return { row, features: event.features, event };
  });
}

const FIRST_SECOND = Date.UTC(2021, 0, 1) / 1000;
const FIVE_YEARS_IN_SECONDS = 5 * 365 * 86_400;

function drawSnapshot(random: Random): FeatureSnapshot {
  const zone = () => 1 + Math.floor(random.uniform() * 265);
  const maybe = (share: number, value: number) => (random.uniform() < share ? value : undefined);
  const miles = random.uniform() < 0.02 ? 244_152 : 8 * random.exponential();
  return {
    pickupZone: zone(),
    dropoffZone: zone(),
    pickupLocalSeconds: BigInt(FIRST_SECOND + Math.floor(random.uniform() * FIVE_YEARS_IN_SECONDS)),
    tripDistanceMiles: maybe(0.6, Math.fround(miles)),
    passengerCount: maybe(0.6, Math.floor(random.uniform() * 7)),
  };
}

function drawEvent(
  random: Random,
  service: ConsumerService,
  tripId: string,
  features: FeatureSnapshot,
  name: TripEventName,
): TripEvent {
  const estimate = { duration: fromMinutes(1 + 20 * random.exponential()) };
  const previousShareDone = random.uniform() * 0.7;
  const shareDone = previousShareDone + random.uniform() * (1 - previousShareDone);
  const previousElapsed = 900 * random.exponential();
  const elapsed = previousElapsed + 900 * random.exponential();
  const progress = {
    shareDone,
    elapsed: fromSeconds(elapsed),
    previousShareDone,
    previousElapsed: fromSeconds(previousElapsed),
  };
  return TripEvent.fromPartial({
    eventId: `${tripId}:1`,
    tripId,
    riderId: "parity",
    seq: 1,
    occurredAt: new Date(Number(features.pickupLocalSeconds) * 1000),
    features,
    arms: { [service]: "blue" },
    body: { $case: name, value: name === "progressed" ? { estimate, ...progress } : { estimate } },
  } as Parameters<typeof TripEvent.fromPartial>[0]);
}

/** Columns in card order, as JSON can hold them: `null` is unknown. */
export function toJsonColumns(rows: readonly ParityRow[], names: readonly string[]) {
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      rows.map(({ row }) => (Number.isNaN(row[i]) ? null : (row[i] as number))),
    ]),
  );
}
