import type { JsMsg } from "@nats-io/jetstream";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Events } from "#kit/events/connect.ts";
import { streams } from "#kit/events/subjects.ts";
import { planOf } from "../../../services/rollout/evidence-judge.ts";
import type { PairedRide } from "../../../services/rollout/report/paired-ride.ts";
import {
  createPairing,
  type Pairing,
  type PairingCounts,
} from "../../../services/rollout/report/pairing.ts";
import {
  addRide,
  type CompareOptions,
  type Comparison,
  compare,
  createTotals,
} from "../../../services/rollout/report/report.ts";
import { readMerged } from "./read-merged.ts";
import type { ReadRollout } from "./read-rollout.ts";

/** The paired report of one rollout. */
export interface RolloutReport extends Comparison {
  readonly rollout: Rollout;
  readonly counts: PairingCounts;
  readonly read: {
    readonly messages: number;
    /** Messages that could not be decoded. */
    readonly unreadable: number;
    /** When the last one was stored, by the server's clock. */
    readonly upTo: Date | undefined;
  };
}

export interface ReportOptions extends CompareOptions {
  /** Told of every paired ride as it is closed; waited for, so that a slow disk slows the reading. */
  readonly onRide?: (ride: PairedRide) => Promise<void> | void;
  readonly onProgress?: (done: number, total: number) => void;
}

const trips = { stream: streams.trips, subject: "trips.>" };

/** Reads the streams from the start of a rollout on and compares its two versions. */
export async function makeReport(
  events: Events,
  { rollout, endedAt }: ReadRollout,
  options: ReportOptions,
): Promise<RolloutReport> {
  const { onRide, onProgress } = options;
  const plan = planOf(rollout);
  const totals = createTotals(plan);
  const closed: PairedRide[] = [];
  const pairing = createPairing(plan, {
    onRide: (ride) => closed.push(ride),
    ...(endedAt ? { endedAtMs: endedAt.getTime() } : {}),
  });
  const flush = async () => {
    for (const ride of closed.splice(0)) {
      addRide(totals, ride);
      await onRide?.(ride);
    }
  };
  let [messages, unreadable, total] = [0, 0, 0];
  let upTo: Date | undefined;
  const predictions = { stream: streams.predictions, subject: `predictions.${plan.service}.>` };
  const since = rollout.createTime ?? new Date(0);
  const onTotal = (count: number) => {
    total = count;
  };
  for await (const message of readMerged(events, [trips, predictions], { since, onTotal })) {
    messages++;
    upTo = new Date(message.info.timestampNanos / 1e6);
    if (!take(pairing, message)) unreadable++;
    if (closed.length > 0) await flush();
    onProgress?.(messages, total);
    if (pairing.isDone) break;
  }
  pairing.finish();
  await flush();
  return {
    ...compare(totals, plan, options),
    rollout,
    counts: pairing.counts,
    read: { messages, unreadable, upTo },
  };
}

/** Whether it could be read: one broken message is no reason to have no report, and is counted. */
function take(pairing: Pairing, { subject, data, info }: JsMsg): boolean {
  try {
    if (subject.startsWith("predictions.")) {
      PredictionBatch.decode(data).predictions.forEach(pairing.takePrediction);
    } else if (/\.(requested|completed|cancelled)$/.test(subject)) {
      pairing.takeEvent(TripEvent.decode(data), info.timestampNanos / 1e6);
    }
    return true;
  } catch {
    return false;
  }
}
