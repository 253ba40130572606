import { setTimeout as delay } from "node:timers/promises";

/** The wall clock as the replay sees it; tests bring their own. */
export interface WallClock {
  /** Milliseconds of a clock that never jumps. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The computer's own clock. */
export const wallClock: WallClock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined), // aborted: that is why it was passed
};
