import type { Rides } from "../../../../cli/evaluate/rides.ts";
import { LONGEST_WAIT_MS, SHORTEST_WAIT_MS } from "../../../../simulator/plan.ts";
import { createRandom } from "../../../../simulator/random.ts";

/** A month of rides as it happens: requests and drop-offs by time. */
export interface Month {
  readonly count: number;
  /** By ride, ms of New York's wall clock read as UTC. The wait before the pickup is drawn, as in the replay. */
  readonly requestMs: Float64Array;
  readonly endMs: Float64Array;
  /** What happens, in order: the ride's row for its request, ~row for its drop-off. */
  readonly events: Int32Array;
}

export function createMonth(rides: Pick<Rides, "count" | "pickupLocalSeconds" | "minutes">): Month {
  const { count, pickupLocalSeconds, minutes } = rides;
  const requestMs = new Float64Array(count);
  const endMs = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const pickupMs = Number(pickupLocalSeconds[row]) * 1000;
    const wait = createRandom(`proof-wait:${row}`).uniform();
    requestMs[row] =
      pickupMs - Math.round(SHORTEST_WAIT_MS + wait * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS));
    endMs[row] = pickupMs + (minutes[row] as number) * 60_000;
  }
  const at = (event: number) => (event < 0 ? endMs[~event] : requestMs[event]) as number;
  const events = Int32Array.from({ length: 2 * count }, (_, i) => (i < count ? i : ~(i - count)));
  return { count, requestMs, endMs, events: events.sort((a, b) => at(a) - at(b)) };
}
