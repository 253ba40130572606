import type { Logger } from "#kit/telemetry/log.ts";
import type { WallClock } from "./clock.ts";
import type { EventTime } from "./event-time.ts";
import type { Replay } from "./replay.ts";
import type { Tally } from "./tally.ts";

/** What the lines are made of. */
export interface ProgressLogDeps {
  readonly log: Logger;
  readonly clock: WallClock;
  readonly tally: Tally;
  readonly eventTime: EventTime;
  readonly replay: Pick<Replay, "open">;
}

export interface ProgressLog {
  /** A line on what happened since the last one. */
  progress(): void;
  /** The last line, on the whole run. */
  summary(message: string): void;
}

/** Puts the tally into lines; every line says that progress along the rides is simulated. */
export function createProgressLog(deps: ProgressLogDeps): ProgressLog {
  const { log, clock, tally, eventTime } = deps;
  const startMs = clock.nowMs();
  let last = { atMs: startMs, ...tally };

  function fields(since: {
    readonly atMs: number;
    readonly requested: number;
    readonly calls: number;
  }) {
    const seconds = Math.max((clock.nowMs() - since.atMs) / 1000, 0.001);
    const { reachedMs, slippedMs } = eventTime;
    return {
      ...tally,
      open: deps.replay.open,
      eventTime: reachedMs === undefined ? undefined : new Date(reachedMs).toISOString(),
      tripsPerSecond: oneDigit((tally.requested - since.requested) / seconds),
      callsPerSecond: oneDigit((tally.calls - since.calls) / seconds),
      slippedSeconds: oneDigit(slippedMs / 1000),
      progressAlongRides: "simulated",
    };
  }

  return {
    progress() {
      log.info(fields(last), "replaying");
      last = { atMs: clock.nowMs(), ...tally };
    },
    summary(message) {
      const all = fields({ atMs: startMs, requested: 0, calls: 0 });
      if (tally.calls > 0) log.info(all, message);
      else
        log.warn(
          all,
          `${message}, and this run had none: later trips are missing, or were had before`,
        );
    },
  };
}

function oneDigit(value: number): number {
  return Math.round(value * 10) / 10;
}
