import { createRandom } from "../../../../simulator/random.ts";
import type { Month } from "./month.ts";
import { type Pair, trueHarm } from "./pair.ts";
import { replay } from "./replay.ts";
import { type Summary, summarise } from "./summary.ts";

export interface ProveOptions {
  /** Random starts a pair, and of pairs where a wrong verdict is rare. */
  readonly starts: number;
  readonly long: number;
  readonly seed: number;
  readonly told: (line: string) => void;
  /** Trips that are waited for; default 8,000 for the judge and 20,000 for the split. */
  readonly mostTrips?: number;
  readonly mostSplitTrips?: number;
}

/** 5 % of the riders, a look every 25 finished trips. */
const WEIGHT = 500;
const LOOK_EVERY = 25;

/** Replays every pair from random starts in the month; the same seed gives the same starts and riders. */
export function prove(month: Month, pairs: readonly Pair[], options: ProveOptions): Summary[] {
  const { starts, long, seed, told, mostTrips = 8_000, mostSplitTrips = 20_000 } = options;
  const lastStart = month.events.length - 2 * mostSplitTrips - 2 * LOOK_EVERY;
  if (lastStart <= 0) throw new Error(`${month.count} rides are too few for ${mostSplitTrips}`);
  return pairs.map((pair) => {
    const began = performance.now();
    const count = pair.isLong ? long : starts;
    const outcomes = Array.from({ length: count }, (_, i) => {
      const random = createRandom(`proof:${seed}:${i}`);
      return replay(month, pair, {
        start: Math.floor(random.uniform() * lastStart),
        seed: seed * 1_000_000 + i,
        weight: WEIGHT,
        lookEvery: LOOK_EVERY,
        mostTrips,
        mostSplitTrips: i < starts ? mostSplitTrips : 0,
      });
    });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    told(`${pair.service} ${pair.name}: ${count} starts in ${seconds} s`);
    return summarise(pair, trueHarm(pair), outcomes, Math.min(starts, count));
  });
}
