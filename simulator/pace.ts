import { createRandom } from "./random.ts";

const SEGMENTS = 40;
const PACE_CORRELATION = 0.85;
const PACE_SPREAD = 0.45;
const SLOW_ENDS = 1.5;

/** Share of the ride's time, 0 to 1, that has passed when `shareDone` of the route is done. */
export type TimeShare = (shareDone: number) => number;

/**
 * SIMULATED progress along one ride: TLC records hold a start and an end, nothing in between.
 *
 * The pace wanders around the ride's own mean (log pace: AR(1) over 40 segments, correlation 0.85, spread
 * 0.45), is slower in the first and last tenth, and is scaled so that the ride takes as long as it really did.
 * It is the process that the en-route model is trained on (`training/progress.py`): what that model gains here
 * says that it learned this process, not that it knows streets.
 */
export function simulatePace(seed: string): TimeShare {
  const random = createRandom(`pace:${seed}`);
  const fresh = Math.sqrt(1 - PACE_CORRELATION ** 2);
  const ends = SEGMENTS / 10;
  const passed = [0];
  let logPace = random.normal();
  let total = 0;
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const slow = segment < ends || segment >= SEGMENTS - ends ? SLOW_ENDS : 1;
    total += Math.exp(PACE_SPREAD * logPace) * slow;
    passed.push(total);
    logPace = PACE_CORRELATION * logPace + fresh * random.normal();
  }
  return (shareDone) => {
    const at = Math.min(Math.max(shareDone, 0), 1) * SEGMENTS;
    const left = Math.min(Math.floor(at), SEGMENTS - 1);
    const before = passed[left] ?? 0;
    const after = passed[left + 1] ?? total;
    return (before + (at - left) * (after - before)) / total;
  };
}
