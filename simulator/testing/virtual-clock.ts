import { setImmediate as settled } from "node:timers/promises";
import type { WallClock } from "../clock.ts";

/** A clock that stands still until everybody waits for it. */
export interface VirtualClock extends WallClock {
  /** Lets time pass, timer by timer, until `work` is done. Fails when everybody waits and no timer is left. */
  drive<T>(work: Promise<T>): Promise<T>;
}

/** Starts at 0. Real time plays no part: an hour passes as fast as the code allows. */
export function createVirtualClock(): VirtualClock {
  const timers = new Set<{ atMs: number; wake: () => void }>();
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    sleep(ms, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (signal.aborted) resolve();
      const timer = { atMs: nowMs + ms, wake: resolve };
      timers.add(timer);
      signal.addEventListener("abort", () => resolve(), { once: true });
      return promise.finally(() => timers.delete(timer));
    },
    async drive(work) {
      let isDone = false;
      const watched = work.finally(() => {
        isDone = true;
      });
      watched.catch(() => undefined); // it is returned below
      for (;;) {
        await settled(); // every promise that can go on has gone on
        if (isDone) return watched;
        const next = [...timers].sort((a, b) => a.atMs - b.atMs)[0];
        if (!next) throw new Error("everybody waits, and nothing will happen");
        nowMs = Math.max(nowMs, next.atMs);
        timers.delete(next);
        next.wake();
      }
    },
  };
}
