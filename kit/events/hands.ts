import type { JsMsg } from "@nats-io/jetstream";
import { MeshError } from "#kit/rpc/errors.ts";

/** Messages that were taken from the server and are not settled. */
export interface Hands {
  /** Takes one; waits while there are too many. */
  take(message: JsMsg): Promise<void>;
  /** Resolves when nothing is left. */
  empty(): Promise<void>;
}

export interface HandsOptions {
  /** Most messages that are handled at once; the others wait their turn. */
  readonly maxInFlight: number;
  readonly handleWithinMs: number;
  /** Handles and settles one message, never failing; `overdue` rejects when its time is over. */
  readonly settle: (message: JsMsg, overdue: Promise<never>) => Promise<void>;
}

interface InHand {
  readonly message: JsMsg;
  readonly overdue: PromiseWithResolvers<never>;
  /** When its handling began; undefined while it waits. */
  startedAt: number | undefined;
}

/** More than a durable hands out at once (`max_ack_pending` 512): a bound for durables of other making. */
const MAX_TAKEN = 1024;
/** Well below the first back-off of the durables, 5 s, which is their acknowledgement time-out. */
const SIGNAL_EVERY_MS = 2_000;

/**
 * Holds messages and tells the server every two seconds that they are being worked on, also those that wait:
 * what the library keeps to itself would be delivered to somebody else meanwhile, and after five such
 * deliveries become a dead letter without ever having failed.
 *
 * One timer for all: one for each message would cost more than many a message's work.
 */
export function createHands({ maxInFlight, handleWithinMs, settle }: HandsOptions): Hands {
  const taken = new Set<InHand>();
  const waiting: InHand[] = [];
  let active = 0;
  let roomAgain: (() => void) | undefined;
  let emptied: (() => void) | undefined;
  let signals: NodeJS.Timeout | undefined;

  function startNext(): void {
    while (active < maxInFlight) {
      const next = waiting.shift();
      if (!next) return;
      active++;
      next.startedAt = performance.now();
      void settle(next.message, next.overdue.promise).finally(() => done(next));
    }
  }

  function done(one: InHand): void {
    active--;
    taken.delete(one);
    startNext();
    if (taken.size < MAX_TAKEN) roomAgain?.();
    if (taken.size > 0) return;
    clearInterval(signals);
    signals = undefined;
    emptied?.();
  }

  function signalAll(): void {
    const now = performance.now();
    for (const { message, startedAt = now, overdue } of taken) {
      if (now - startedAt > handleWithinMs) overdue.reject(tooLong(handleWithinMs));
      else message.working();
    }
  }

  return {
    async take(message) {
      const one: InHand = { message, overdue: Promise.withResolvers(), startedAt: undefined };
      one.overdue.promise.catch(() => undefined); // usually nobody listens any more
      taken.add(one);
      waiting.push(one);
      signals ??= setInterval(signalAll, SIGNAL_EVERY_MS);
      startNext();
      if (taken.size < MAX_TAKEN) return;
      await new Promise<void>((resolve) => {
        roomAgain = resolve;
      });
    },
    async empty() {
      if (taken.size === 0) return;
      await new Promise<void>((resolve) => {
        emptied = resolve;
      });
    },
  };
}

function tooLong(withinMs: number): MeshError {
  return new MeshError("DEADLINE_EXCEEDED", `not handled within ${withinMs} ms`);
}
