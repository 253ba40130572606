import type { Job } from "../job/spec.ts";
import type { Window } from "../job/window.ts";
import { dueWindows, nextTick } from "./due.ts";

export interface ScheduleParts {
  /** Starts of the windows that are published. */
  readonly publishedFromMs: (job: Job) => Promise<ReadonlySet<number>>;
  /** Runs one window to its end. */
  readonly run: (job: Job, window: Window) => Promise<void>;
  /** Told when a window's run failed; the schedule goes on. */
  readonly onFailure: (job: Job, window: Window | undefined, cause: unknown) => void;
  /** Told when a job waits for its next time. */
  readonly onWait: (job: Job, untilMs: number) => void;
  readonly nowMs: () => number;
  /** Returns at that time, or when `signal` aborts. */
  readonly sleepUntil: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Runs jobs when they are due, until the signal aborts. One window at a time over all jobs, so no job overlaps
 * with itself and none takes the cores of another; what became due meanwhile is made up for afterwards.
 *
 * A window that failed is tried again when the job is due next, as long as it is among those made up for.
 */
export async function keepSchedule(jobs: readonly Job[], parts: ScheduleParts): Promise<void> {
  const { nowMs, sleepUntil, onWait, signal } = parts;
  const nextMs = new Map(jobs.map((job) => [job, nowMs()])); // at once: something may have been missed
  while (!signal.aborted && nextMs.size > 0) {
    const [job, dueMs] = [...nextMs].reduce((a, b) => (b[1] < a[1] ? b : a));
    if (dueMs > nowMs()) {
      onWait(job, dueMs);
      await sleepUntil(dueMs, signal);
      continue; // a clock may have been put back
    }
    nextMs.set(job, nextTick(job, nowMs()));
    await runDue(job, parts);
  }
}

/** Runs what is due of one job now. A job that another process is at is left to it. */
export async function runDue(job: Job, parts: ScheduleParts): Promise<void> {
  const { publishedFromMs, run, onFailure, nowMs, signal } = parts;
  const due = await publishedFromMs(job)
    .then((published) => dueWindows(job, published, nowMs()))
    .catch((cause: unknown) => {
      onFailure(job, undefined, cause); // its database is away: the next time is another chance
      return [];
    });
  for (const window of due) {
    if (signal.aborted) return;
    await run(job, window).catch((cause: unknown) => onFailure(job, window, cause));
  }
}
