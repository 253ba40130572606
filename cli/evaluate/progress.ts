import { simulatePace } from "../../simulator/pace.ts";
import type { Rides } from "./rides.ts";

/** One report a ride, with the report before it. */
export interface Progress {
  readonly shareDone: Float32Array;
  readonly elapsedSeconds: Float32Array;
  readonly previousShareDone: Float32Array;
  readonly previousElapsedSeconds: Float32Array;
}

/** Share of the route between a report and the one before. */
const REPORT_GAP = 0.1;

/**
 * SIMULATED reports at `share` of every ride (0: none yet): the records hold a start and an end only. Each
 * ride has its own pace, the same on every run and at every share.
 */
export function simulateProgress(rides: Rides, share: number): Progress {
  const before = Math.max(share - REPORT_GAP, 0);
  const elapsed = new Float32Array(rides.count);
  const elapsedBefore = new Float32Array(rides.count);
  for (let row = 0; share > 0 && row < rides.count; row++) {
    const timeShare = simulatePace(`evaluate:${rides.month}:${row}`);
    const seconds = (rides.minutes[row] as number) * 60;
    elapsed[row] = timeShare(share) * seconds;
    elapsedBefore[row] = timeShare(before) * seconds;
  }
  return {
    shareDone: new Float32Array(rides.count).fill(share),
    elapsedSeconds: elapsed,
    previousShareDone: new Float32Array(rides.count).fill(before),
    previousElapsedSeconds: elapsedBefore,
  };
}
