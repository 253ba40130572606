import type { WallClock } from "./clock.ts";
import type { EventTime } from "./event-time.ts";
import { createHeap } from "./heap.ts";

const LONGEST_SLEEP_MS = 60_000;

/** Something with steps at event times that never fall. A step is taken only after the one before it. */
export interface Timeline {
  /** Event time of the first step, milliseconds since the epoch. */
  readonly firstAtMs: number;
  /** Takes the step that is due; resolves to the next one's event time, undefined after the last. Never rejects. */
  step(): Promise<number | undefined>;
}

export interface ScheduleOptions {
  readonly eventTime: EventTime;
  readonly clock: WallClock;
  /** Steps at a time. While so many are unanswered, nothing else is sent and nothing is queued. */
  readonly maxInFlight: number;
  /** How much earlier than one before it a timeline of the source may begin, event milliseconds. */
  readonly disorderMs: number;
  /** Stops taking steps; those under way are waited for. */
  readonly signal: AbortSignal;
}

interface Due {
  readonly atMs: number;
  /** Breaks ties: what came first goes first, so that a run can be repeated. */
  readonly order: number;
  readonly timeline: Timeline;
}

/**
 * Takes the steps of all timelines in order of event time, at the pace of `eventTime`.
 *
 * Reads the source only as far as the order needs it. Resolves when every timeline has ended, or after `signal`
 * when the steps under way are answered; rejects when the source does.
 */
export async function runSchedule(
  source: AsyncIterable<Timeline>,
  options: ScheduleOptions,
): Promise<void> {
  const { eventTime, maxInFlight, signal } = options;
  const due = createHeap<Due>((a, b) => a.atMs - b.atMs || a.order - b.order);
  const inFlight = new Set<Due>();
  const change = createChange();
  const upcoming = createUpcoming(source, options.disorderMs);
  let order = 0;

  function add(atMs: number, timeline: Timeline) {
    due.push({ atMs, order: order++, timeline });
  }

  async function take(step: Due): Promise<void> {
    inFlight.add(step);
    eventTime.passed(step.atMs);
    const nextAtMs = await step.timeline.step();
    inFlight.delete(step);
    if (nextAtMs !== undefined) add(nextAtMs, step.timeline);
    change.notify();
  }

  function mustWait(next: Due): boolean {
    if (inFlight.size >= maxInFlight) return true;
    for (const { atMs } of inFlight) if (next.atMs - atMs > eventTime.maxAheadMs) return true;
    return false;
  }

  signal.addEventListener("abort", change.notify, { once: true });
  while (!signal.aborted) {
    for await (const timeline of upcoming.until(() => due.peek()?.atMs)) {
      add(timeline.firstAtMs, timeline);
    }
    if (signal.aborted) break; // while reading: nobody would wake the loop for it again
    const next = due.peek();
    if (!next && inFlight.size === 0) break;
    if (!next || mustWait(next)) {
      await change.next();
      continue;
    }
    const waitMs = eventTime.waitMs(next.atMs, inFlight.size === 0);
    if (waitMs > 0) {
      await change.within(Math.min(waitMs, LONGEST_SLEEP_MS), options.clock);
      continue;
    }
    due.pop();
    void take(next);
  }
  signal.removeEventListener("abort", change.notify);
  while (inFlight.size > 0) await change.next();
}

/** Reads a source that is sorted up to `disorderMs`, no further than needed. */
function createUpcoming(source: AsyncIterable<Timeline>, disorderMs: number) {
  const iterator = source[Symbol.asyncIterator]();
  let horizonMs = Number.NEGATIVE_INFINITY; // nothing still to be read begins before it
  return {
    /** Timelines until none of the rest can begin before `firstDueMs`. */
    async *until(firstDueMs: () => number | undefined): AsyncIterable<Timeline> {
      while (horizonMs < (firstDueMs() ?? Number.POSITIVE_INFINITY)) {
        const next = await iterator.next();
        if (next.done) {
          horizonMs = Number.POSITIVE_INFINITY;
        } else {
          horizonMs = Math.max(horizonMs, next.value.firstAtMs - disorderMs);
          yield next.value;
        }
      }
    },
  };
}

/** Lets one loop wait for whatever changes next. */
function createChange() {
  let pending = Promise.withResolvers<void>();
  return {
    notify: () => {
      pending.resolve();
      pending = Promise.withResolvers();
    },
    next: () => pending.promise,
    /** The next change, or the end of `ms`; leaves no timer behind. */
    async within(ms: number, clock: WallClock): Promise<void> {
      const changed = pending.promise;
      const enough = new AbortController();
      await Promise.race([changed, clock.sleep(ms, enough.signal)]);
      enough.abort();
    },
  };
}
