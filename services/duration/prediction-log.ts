import { randomUUID } from "node:crypto";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { DURATION_LOG } from "#kit/events/subjects.ts";
import type { Logger } from "#kit/telemetry/log.ts";

export interface PredictionLog {
  record(prediction: Prediction): void;
  /** Stores what is left. */
  close(): Promise<void>;
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
  let waiting: Prediction[] = [];
  let batches = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(batch.length); // out of `record`'s reach while it travels
      const id = `duration-log:${source}:${++batches}`;
      try {
        await events.js.publish(
          DURATION_LOG,
          PredictionBatch.encode({ predictions: batch }).finish(),
          {
            msgID: id,
            retries: 3,
            headers: eventHeaders({
              id,
              type: "tripmesh.prediction.log",
              source: "duration",
              subject: "log",
              time: new Date(),
            }),
          },
        );
      } catch (cause) {
        log.warn(
          { err: cause, waiting: waiting.length, dropped },
          "predictions wait for the stream",
        );
        return;
      }
      waiting = waiting.slice(batch.length);
    }
  }

  function schedule(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flushing = flush().then(() => {
        flushing = undefined;
        if (waiting.length > 0) schedule();
      });
    }, flushMs);
  }

  return {
    record(prediction) {
      if (waiting.length >= maxWaiting) {
        waiting.shift();
        dropped++;
      }
      waiting.push(prediction);
      if (!flushing) schedule();
    },
    async close() {
      clearTimeout(timer);
      await flushing;
      await flush();
    },
  };
}
