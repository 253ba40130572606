import { randomUUID } from "node:crypto";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { DURATION_LOG } from "#kit/events/subjects.ts";
import { tracePublishOfMany } from "#kit/events/trace-message.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { currentTraceparent } from "#kit/telemetry/trace-context.ts";

export interface PredictionLog {
  record(prediction: Prediction): void;
  /** Stores what is left. */
  close(): Promise<void>;
}

interface Batch {
  readonly id: string;
  readonly predictions: readonly Prediction[];
  /** Trace contexts of the calls behind them, of those that are recorded. */
  readonly causes: readonly string[];
}

interface Waiting {
  readonly prediction: Prediction;
  readonly traceparent: string;
}

export interface PredictionLogOptions {
  /** Longest time that a prediction waits for company, ms. */
  readonly flushMs: number;
  /** Most predictions in one message. Default 256. */
  readonly maxBatch?: number;
  /** Most predictions that wait while the stream is away; then the oldest are dropped. Default 10 000. */
  readonly maxWaiting?: number;
}

/**
 * Logs predictions in batches behind the answers: one acknowledged message for each would halve the rate.
 *
 * What the rider was shown is safe elsewhere, in the `requested` event, so a full buffer drops the oldest
 * entries, counts them, and says so.
 */
export function createPredictionLog(
  events: Events,
  log: Logger,
  { flushMs, maxBatch = 256, maxWaiting = 10_000 }: PredictionLogOptions,
): PredictionLog {
  const source = randomUUID();
  let waiting: Waiting[] = [];
  let travelling: Batch | undefined; // tried again under the same id, so that it is stored once
  let batches = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    while (travelling || waiting.length > 0) {
      travelling ??= takeBatch();
      const { id, predictions, causes } = travelling;
      const body = PredictionBatch.encode({ predictions }).finish();
      const about = { type: "tripmesh.prediction.log", source: "duration", subject: "log" };
      try {
        await tracePublishOfMany({ subject: DURATION_LOG, id, causes }, (traceparent) => {
          const headers = eventHeaders({ id, ...about, time: new Date(), traceparent });
          return events.js.publish(DURATION_LOG, body, { msgID: id, retries: 3, headers });
        });
        travelling = undefined;
      } catch (cause) {
        log.warn(
          { err: cause, waiting: waiting.length, dropped },
          "predictions wait for the stream",
        );
        return;
      }
    }
  }

  function takeBatch(): Batch {
    const taken = waiting.slice(0, maxBatch);
    waiting = waiting.slice(taken.length);
    return {
      id: `duration-log:${source}:${++batches}`,
      predictions: taken.map(({ prediction }) => prediction),
      causes: taken.map(({ traceparent }) => traceparent).filter((cause) => cause !== ""),
    };
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flushing = flush().then(() => {
        flushing = undefined;
        if (travelling || waiting.length > 0) schedule();
      });
    }, flushMs);
  }

  return {
    record(prediction) {
      if (waiting.length >= maxWaiting) {
        waiting.shift();
        dropped++;
      }
      waiting.push({ prediction, traceparent: currentTraceparent() });
      if (!flushing) schedule();
    },
    async close() {
      clearTimeout(timer);
      await flushing;
      await flush();
    },
  };
}
