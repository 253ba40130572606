import { setTimeout as sleep } from "node:timers/promises";
import type { DurationServiceDefinition } from "#gen/tripmesh/duration/v1/duration_service.ts";
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import type { Client } from "#kit/rpc/client.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { type Slot, slots } from "#kit/traffic/traffic.ts";

/** Asks the version that did not answer a trip what it would have said. */
export interface Hindsight {
  /** A trip began; what is needed to ask about it later. */
  requested(event: TripEvent): void;
  /** A version has answered for this trip, whether the trip is known yet or not. */
  answered(tripId: string, slot: Slot): void;
  /** It has ended: from now on the other version may be asked. */
  completed(tripId: string): void;
  stop(): Promise<void>;
}

export interface HindsightDependencies {
  readonly rolloutId: string;
  /** The mesh's listener, behind which `x-slot` names the version: it is judged as it serves. */
  readonly duration: Pick<Client<typeof DurationServiceDefinition>, "predict">;
  /** Stores the answer; resolves once it is safe. */
  readonly publish: (prediction: Prediction) => Promise<void>;
  readonly log: Logger;
}

/** A few at a time: riders' requests come first. */
const AT_ONCE = 4;
const TIMEOUT_MS = 2_000;
/** Pauses before each further try, ms: a version that is being started again must not look like one that errs. */
const PAUSES_MS = [250, 500, 1_000, 2_000];
/** Open trips that are remembered, and questions that wait; one more forgets the oldest. */
const MOST_TRIPS = 50_000;

/** Only duration needs it: consumers of both slots see every event. */
export function createHindsight(dependencies: HindsightDependencies): Hindsight {
  const { rolloutId, duration, publish, log } = dependencies;
  const trips = new Map<string, TripEvent>();
  const answers = new Map<string, Set<Slot>>();
  const waiting: { readonly event: TripEvent; readonly slot: Slot }[] = [];
  const asking = new Set<Promise<void>>();
  const stopping = new AbortController();
  let failures = 0;

  function askNext(): void {
    while (!stopping.signal.aborted && asking.size < AT_ONCE) {
      const next = waiting.shift();
      if (!next) return;
      const work = ask(next.event, next.slot)
        .catch((cause: unknown) => {
          if (stopping.signal.aborted) return;
          failures++;
          log.warn({ err: cause, failures }, "a version could not be asked in hindsight");
        })
        .finally(() => {
          asking.delete(work);
          askNext();
        });
      asking.add(work);
    }
  }

  async function ask(event: TripEvent, slot: Slot): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await duration.predict(
          { tripId: "", features: event.features },
          { timeoutMs: TIMEOUT_MS, headers: { "x-slot": slot }, signal: stopping.signal },
        );
        await publish({
          tripId: event.tripId,
          riderId: event.riderId,
          eventSeq: event.seq,
          service: "duration",
          version: answer.version,
          digest: answer.digest,
          slot,
          role: PredictionRole.HINDSIGHT,
          rolloutId,
          stage: 0,
          value: answer.durationMinutes,
          lower: answer.lowerMinutes,
          upper: answer.upperMinutes,
          intervalScale: 1,
          featureHash: answer.featureHash,
          occurredAt: event.occurredAt,
          servedAt: new Date(),
          latency: fromSeconds(0),
          priceUsd: answer.priceUsd,
        });
        return;
      } catch (cause) {
        const pauseMs = PAUSES_MS[tries - 1];
        if (pauseMs === undefined || stopping.signal.aborted) throw cause;
        await sleep(pauseMs, undefined, { signal: stopping.signal });
      }
    }
  }

  return {
    requested(event) {
      keep(trips, event.tripId, event);
    },
    answered(tripId, slot) {
      keep(answers, tripId, (answers.get(tripId) ?? new Set()).add(slot));
    },
    completed(tripId) {
      const event = trips.get(tripId);
      if (!event) return;
      trips.delete(tripId);
      for (const slot of slots) {
        if (!answers.get(tripId)?.has(slot)) waiting.push({ event, slot });
      }
      answers.delete(tripId);
      while (waiting.length > MOST_TRIPS) waiting.shift();
      askNext();
    },
    async stop() {
      stopping.abort();
      waiting.length = 0;
      await Promise.all(asking);
    },
  };
}

/** Remembers, and forgets the oldest when there is too much. */
function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.set(key, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_TRIPS) return;
    kept.delete(oldest);
  }
}
