import { Cron } from "croner";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Job } from "../job/spec.ts";
import { lastWindow, type Window } from "../job/window.ts";

/** The part of a job that says when it runs. */
export type Scheduled = Pick<Job, "name" | "window" | "schedule">;

/** When the schedule fires next after `ms`, UTC. Fails with INVALID_ARGUMENT for a schedule that is none. */
export function nextTick(job: Scheduled, ms: number): number {
  const next = cronOf(job).nextRun(new Date(ms));
  if (next) return next.getTime();
  throw new MeshError("INVALID_ARGUMENT", `the schedule of ${job.name} never fires again`);
}

/**
 * Windows to run at `nowMs`, oldest first: that of the last time the schedule fired, and those since the last
 * publication that were missed, as many as the job makes up for. A job that never published starts with the
 * last one: its past is for `mesh batch run --from`.
 */
export function dueWindows(
  job: Scheduled,
  publishedFromMs: ReadonlySet<number>,
  nowMs: number,
): Window[] {
  const catchUp = job.schedule?.catchUp ?? 0;
  const last = Math.max(...publishedFromMs, Number.NEGATIVE_INFINITY);
  const due: Window[] = [];
  const seen = new Set<number>();
  for (const tickMs of pastTicks(job, nowMs)) {
    const window = lastWindow(job.window, tickMs);
    if (seen.has(window.fromMs)) continue; // it fires more than once a window
    if (window.fromMs < last || seen.size > catchUp) break;
    if (seen.size > 0 && publishedFromMs.size === 0) break;
    seen.add(window.fromMs);
    if (!publishedFromMs.has(window.fromMs)) due.unshift(window);
  }
  return due;
}

/** Times at which the schedule fired, latest first. */
function* pastTicks(job: Scheduled, nowMs: number): Generator<number> {
  const cron = cronOf(job);
  let [at] = cron.previousRuns(1, new Date(nowMs + 1000)); // it looks before the reference
  if (at && at.getTime() > nowMs) [at] = cron.previousRuns(1, at);
  while (at) {
    yield at.getTime();
    [at] = cron.previousRuns(1, at);
  }
}

function cronOf({ name, schedule }: Scheduled): Cron {
  if (!schedule) throw new MeshError("INVALID_ARGUMENT", `${name} has no schedule`);
  try {
    return new Cron(schedule.cron, { timezone: "UTC", paused: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new MeshError("INVALID_ARGUMENT", `the schedule of ${name} cannot be read: ${reason}`, {
      cause,
    });
  }
}
