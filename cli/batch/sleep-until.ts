import { setTimeout as sleep } from "node:timers/promises";

/** Longest single sleep, ms: a clock that is put forward is noticed within a minute. */
const LONGEST_MS = 60_000;

/** Returns when the wall clock is there, or when the signal aborts. */
export async function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && Date.now() < ms) {
    const timeMs = Math.min(ms - Date.now(), LONGEST_MS);
    await sleep(timeMs, undefined, { signal }).catch(() => undefined); // aborted: seen above
  }
}
