import type { WallClock } from "./clock.ts";

const MAX_GAP_MS = 3_600_000;
const MAX_AHEAD_MS = 600_000;
const MAX_LAG_MS = 5_000;
/** Less than any clock shows: a wait that rounding made would never be over. */
const NEGLIGIBLE_MS = 0.001;

/** Maps event time to wall time. */
export interface EventTime {
  /** Wall milliseconds until the event is due; 0 when it is. `idle`: nothing else is going on. */
  waitMs(eventMs: number, idle: boolean): number;
  /** Says that an event was sent. */
  passed(eventMs: number): void;
  /** Latest event time sent, milliseconds since the epoch; undefined before the first. */
  readonly reachedMs: number | undefined;
  /**
   * How far, in event milliseconds, an event may be sent ahead of one that is still unanswered. Infinity when
   * paced: there a late trip is late alone. At full speed ten minutes: nothing else would keep trips together,
   * and a call that is being repeated would be left behind by days.
   */
  readonly maxAheadMs: number;
  /** Wall milliseconds by which the replay has paused because the mesh was slow. */
  readonly slippedMs: number;
}

/**
 * Event time that runs `speed` times as fast as `clock` from the first event on; Infinity: everything is due.
 *
 * Due times are computed from one anchor, so rounding does not add up. The anchor moves in two cases: the
 * mesh was so slow that events are more than 5 s late (the replay pauses rather than fire a backlog), or
 * nothing happens for more than an hour of event time (months that are missing between two files).
 */
export function createEventTime(speed: number, clock: WallClock): EventTime {
  let anchor: { readonly wallMs: number; readonly eventMs: number } | undefined;
  let reachedMs: number | undefined;
  let slippedMs = 0;
  const isPaced = speed !== Number.POSITIVE_INFINITY;
  return {
    maxAheadMs: isPaced ? Number.POSITIVE_INFINITY : MAX_AHEAD_MS,
    waitMs(eventMs, idle) {
      if (!isPaced) return 0;
      // A call that was repeated for a while makes its own trip late, nobody else's clock.
      if (anchor && reachedMs !== undefined && eventMs <= reachedMs) return 0;
      const wallMs = clock.nowMs();
      const quiet = reachedMs !== undefined && eventMs - reachedMs > MAX_GAP_MS;
      if (!anchor || (quiet && idle)) anchor = { wallMs, eventMs };
      const lateMs = wallMs - anchor.wallMs - (eventMs - anchor.eventMs) / speed;
      if (lateMs > MAX_LAG_MS) {
        slippedMs += lateMs;
        anchor = { wallMs, eventMs };
      }
      return lateMs > -NEGLIGIBLE_MS ? 0 : -lateMs;
    },
    passed(eventMs) {
      reachedMs = Math.max(reachedMs ?? eventMs, eventMs);
    },
    get reachedMs() {
      return reachedMs;
    },
    get slippedMs() {
      return slippedMs;
    },
  };
}
