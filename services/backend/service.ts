import { context as activeContext } from "@opentelemetry/api";
import type { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import type { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { Trip, TripState, type TripUpdate, TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import type { FeatureSnapshot } from "#gen/tripmesh/duration/v1/feature_snapshot.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { tripSubject } from "#kit/events/subjects.ts";
import { tracePush } from "#kit/events/trace-push.ts";
import { lastAnswers, updatesOfEvent } from "#kit/events/trip-updates.ts";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { CallContext, Handlers } from "#kit/rpc/handlers.ts";
import { currentTraceparent } from "#kit/telemetry/trace-context.ts";
import { isTracing } from "#kit/telemetry/tracer.ts";
import { nameTrip } from "#kit/telemetry/trip-context.ts";
import type { EventClock } from "./clock.ts";
import type { Estimator } from "./estimate.ts";
import { rideHash, riderOf, segmentOf, tripIdOf } from "./identity.ts";
import { newYorkSeconds } from "./new-york.ts";
import type { OutboxEvent, Store } from "./store.ts";
import type { TrafficTable } from "./traffic-table.ts";
import type { Change, EventBody, TripRecord } from "./trip.ts";
import * as transition from "./trip.ts";
import { checkProgress, checkRequestId, checkRide, checkTripId, checkTruth } from "./validate.ts";
import type { TripWatch } from "./watch.ts";

export interface BackendDependencies {
  readonly store: Store;
  readonly estimate: Estimator;
  readonly clock: EventClock;
  readonly traffic: Pick<TrafficTable, "arms" | "revision">;
  readonly watch: TripWatch;
  /** Called after a transaction that left an event in the outbox. */
  readonly wakeRelay: () => void;
}

/** Answers every method of BackendService. */
export function createBackendService(
  dependencies: BackendDependencies,
): Handlers<typeof BackendServiceDefinition> {
  const { store, estimate, clock, watch } = dependencies;

  /** A trip of the caller's, or NOT_FOUND: other riders' trips do not exist for it. */
  async function ownTrip(tripId: string, context: CallContext): Promise<TripRecord> {
    const rider = riderOf(context);
    checkTripId(tripId);
    const record = await store.trip(tripId);
    if (record?.trip.riderId !== rider)
      throw new MeshError("NOT_FOUND", `there is no trip ${tripId}`);
    return record;
  }

  async function change(
    tripId: string,
    context: CallContext,
    decide: (record: TripRecord) => Change,
  ): Promise<{ trip: Trip }> {
    await ownTrip(tripId, context);
    let event: TripEvent | undefined;
    failpoint("backend.estimated");
    const after = await store.change(tripId, (before) => {
      const next = decide(before);
      if (!next) return undefined;
      event = toEvent(next.record, next.body, dependencies);
      return { record: next.record, event: toOutbox(event) };
    });
    if (!after) throw new MeshError("NOT_FOUND", `there is no trip ${tripId}`);
    if (event) announce(event, dependencies);
    return { trip: withPredictions(after.trip, await store.known(tripId)) };
  }

  return {
    async quote({ ride }, context) {
      const riderId = riderOf(context);
      const checked = checkRide(ride, clock.at(undefined));
      const request = {
        tripId: "",
        riderId,
        segment: segmentOf(context),
        features: snapshot(checked),
      };
      return { estimate: (await estimate(request, context)).estimate };
    },

    async requestTrip({ requestId, ride, eventTime }, context) {
      const riderId = riderOf(context);
      const segment = segmentOf(context);
      checkRequestId(requestId);
      const time = clock.at(eventTime);
      const checked = checkRide(ride, time);
      const tripId = tripIdOf(riderId, requestId);
      nameTrip(tripId);
      const hash = rideHash(ride ?? checked);
      const stored = await store.trip(tripId);
      if (stored) return { trip: await sameRequest(stored, hash) };

      const features = snapshot(checked);
      const { estimate: shown, featureHash } = await estimate(
        { tripId, riderId, segment, features },
        context,
      );
      failpoint("backend.estimated");
      const record: TripRecord = {
        trip: Trip.fromPartial({
          tripId,
          riderId,
          state: TripState.REQUESTED,
          ride: checked,
          segment,
          estimate: shown,
          createTime: time,
          updateTime: time,
        }),
        features,
        seq: 1,
        stateSeq: 1,
        rideHash: hash,
        shareDone: 0,
        elapsedSeconds: 0,
        lastDurationSeq: 0,
        lastPriceSeq: 1,
      };
      const body: EventBody = { $case: "requested", value: { estimate: shown, featureHash } };
      const event = toEvent(record, body, dependencies);
      if (await store.create(record, toOutbox(event))) {
        announce(event, dependencies);
        return { trip: withPredictions(record.trip, []) };
      }
      const winner = await store.trip(tripId); // the same request, a moment faster
      if (!winner) throw new MeshError("INTERNAL", "a trip vanished");
      return { trip: await sameRequest(winner, hash) };
    },

    startTrip: ({ tripId, eventTime }, context) =>
      change(tripId, context, (record) => transition.start(record, clock.at(eventTime))),

    reportProgress(request, context) {
      const report = checkProgress(request);
      return change(request.tripId, context, (record) =>
        transition.progress(record, report, clock.at(request.eventTime)),
      );
    },

    completeTrip(request, context) {
      checkTruth(request);
      const { actualDuration, cost, tip, distanceMiles } = request;
      const truth = { actualDuration, cost, tip, distanceMiles };
      return change(request.tripId, context, (record) =>
        transition.complete(record, truth, clock.at(request.eventTime)),
      );
    },

    cancelTrip: ({ tripId, eventTime }, context) =>
      change(tripId, context, (record) => transition.cancel(record, clock.at(eventTime))),

    async getTrip({ tripId }, context) {
      const { trip } = await ownTrip(tripId, context);
      return { trip: withPredictions(trip, await store.known(tripId)) };
    },

    async *watchTrip({ tripId }, context) {
      await ownTrip(tripId, context);
      const known = async () => {
        const record = await ownTrip(tripId, context);
        const own = knownUpdates(record, await tracesOf(record, store));
        return {
          updates: [...own, ...(await store.known(tripId))],
          last: transition.isFinished(record.trip) ? record : undefined,
        };
      };
      const opening = activeContext.active();
      for await (const update of watch.updates(tripId, known, context.signal)) {
        yield { update: tracePush("watch update", update, opening) };
      }
    },
  };

  async function sameRequest(stored: TripRecord, hash: string): Promise<Trip> {
    if (stored.rideHash !== hash) {
      throw new MeshError(
        "ALREADY_EXISTS",
        "this request_id was used for another ride; use a new one",
      );
    }
    return withPredictions(stored.trip, await store.known(stored.trip.tripId));
  }
}

function announce(event: TripEvent, { watch, wakeRelay }: BackendDependencies): void {
  failpoint("backend.committed");
  wakeRelay();
  const updates = updatesOfEvent(event, currentTraceparent());
  for (const update of updates) watch.publish(update, lastAnswers(event));
}

function snapshot(ride: Ride & { readonly pickupTime: Date }): FeatureSnapshot {
  return {
    pickupZone: ride.pickupZone,
    dropoffZone: ride.dropoffZone,
    pickupLocalSeconds: newYorkSeconds(ride.pickupTime),
    tripDistanceMiles: ride.tripDistanceMiles,
    passengerCount: ride.passengerCount,
  };
}

function eventIdOf(tripId: string, seq: number): string {
  return `${tripId}:${seq}`;
}

function toEvent(record: TripRecord, body: EventBody, { traffic }: BackendDependencies): TripEvent {
  const { trip, features, seq } = record;
  return {
    eventId: eventIdOf(trip.tripId, seq),
    tripId: trip.tripId,
    riderId: trip.riderId,
    segment: trip.segment,
    seq,
    occurredAt: trip.updateTime,
    features,
    arms: traffic.arms(trip.riderId, trip.segment),
    trafficRevision: traffic.revision(),
    body,
  };
}

function toOutbox(event: TripEvent): OutboxEvent {
  const kind = event.body?.$case ?? "requested";
  return {
    eventId: event.eventId,
    subject: tripSubject(event.tripId, kind),
    type: `tripmesh.trip.${kind}`,
    tripId: event.tripId,
    body: TripEvent.encode(event).finish(),
    occurredAt: event.occurredAt ?? new Date(),
    traceparent: currentTraceparent(),
    createdAt: new Date(),
  };
}

/** The trip with what the services have predicted for it since. */
function withPredictions(trip: Trip, known: readonly TripUpdate[]): Trip {
  const value = (kind: TripUpdateKind) => known.find((u) => u.kind === kind)?.value;
  const minutes = value(TripUpdateKind.DURATION);
  const cost = value(TripUpdateKind.COST);
  const tip = value(TripUpdateKind.TIP);
  return {
    ...trip,
    currentDuration: minutes === undefined ? trip.estimate?.duration : fromMinutes(minutes),
    cost: cost === undefined ? undefined : fromUsd(cost),
    tip: tip === undefined ? undefined : fromUsd(tip),
  };
}

/** Where the traces go on that led to a trip's first estimate and to its state; empty where none was recorded. */
interface KnownTraces {
  readonly request: string;
  readonly state: string;
}

async function tracesOf({ trip, stateSeq }: TripRecord, store: Store): Promise<KnownTraces> {
  if (!isTracing()) return { request: "", state: "" };
  const [request, state] = [eventIdOf(trip.tripId, 1), eventIdOf(trip.tripId, stateSeq)];
  const traces = await store.tracesOf([request, state]);
  return { request: traces.get(request) ?? "", state: traces.get(state) ?? "" };
}

/** What the trip itself tells a new watcher: its first estimate and its state. */
function knownUpdates({ trip, features, stateSeq }: TripRecord, traces: KnownTraces): TripUpdate[] {
  const requested = updatesOfEvent(
    TripEvent.fromPartial({
      tripId: trip.tripId,
      seq: 1,
      occurredAt: trip.createTime,
      features,
      body: { $case: "requested", value: { estimate: trip.estimate } },
    } as Parameters<typeof TripEvent.fromPartial>[0]),
    traces.request,
  );
  const value = trip.state;
  const traceparent = traces.state;
  const eventTime = trip.updateTime;
  return requested.map((update) =>
    update.kind === TripUpdateKind.STATE
      ? { ...update, seq: stateSeq, value, lower: value, upper: value, eventTime, traceparent }
      : update,
  );
}
