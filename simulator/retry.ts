import { type Code, MeshError } from "#kit/rpc/errors.ts";
import type { WallClock } from "./clock.ts";

/** Codes after which the same call may be repeated: every call of a trip is idempotent by contract. */
const REPEATABLE: ReadonlySet<Code> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);

export interface RetryOptions {
  /** Calls in all, the first included. Default 6: with the pauses below it outlasts a restart of the edge. */
  readonly tries?: number;
  /** Longest first pause, milliseconds; doubles each time, up to 4 s. Default 250. */
  readonly firstPauseMs?: number;
  /** Uniform 0 to 1; spreads the pauses, so that callers who failed together do not return together. */
  readonly random: () => number;
  readonly clock: WallClock;
  /** Ends the pauses and gives up. */
  readonly signal: AbortSignal;
  /** Told of each repetition. */
  readonly onRetry?: () => void;
}

const LONGEST_PAUSE_MS = 4_000;

/** Calls until an answer, an error that repeating cannot cure, or the end of the budget. Errors are `MeshError`s. */
export async function withRetries<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { tries = 6, firstPauseMs = 250, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (cause) {
      const error = MeshError.from(cause);
      if (!REPEATABLE.has(error.code) || attempt >= tries || signal.aborted) throw error;
      const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
      await options.clock.sleep(pauseMs * (0.5 + options.random() / 2), signal);
      if (signal.aborted) throw error;
      options.onRetry?.();
    }
  }
}
