// How many trips a second the whole mesh takes before RequestTrip breaks its objective.
import { startGenerator } from "./generator.ts";
import type { Measurement, Plan, Result, Row } from "./measurement.ts";
import { startMesh } from "./mesh.ts";
import { median, show, spread } from "./numbers.ts";
import type { TripResult } from "./trip-load.ts";

const OBJECTIVE_P99_MS = 50;
const FIRST_RATE = 25;
const GROWTH = 1.25;
const MAX_RATE = 2_000;

export const replayRate: Measurement = {
  name: "replay-rate",
  title: `Trips a second through the whole mesh until p99 of RequestTrip exceeds ${OBJECTIVE_P99_MS} ms`,
  run: measure,
};

async function measure({ rounds, windowMs }: Plan): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const generator = stack.adopt(startGenerator("0,1"), (it) => it.stop());
  const mesh = stack.adopt(await startMesh(), (it) => it.stop());

  let loads = 0;
  // A burst of garbage collection or a neighbour's work must not end the climb: the median of a step counts.
  const step = async (tripsPerSecond: number): Promise<TripResult[]> => {
    const results: TripResult[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const name = `bench-${++loads}`;
      results.push(await generator.trips({ address: mesh.edge, tripsPerSecond, windowMs, name }));
    }
    return results;
  };
  await step(FIRST_RATE); // warms every process up; does not count
  const rows: Row[] = [];
  const holds = async (rate: number): Promise<boolean> => {
    const results = await step(rate);
    rows.push(stepRow(rate, results));
    return isWithin(results);
  };

  let rate = FIRST_RATE;
  while (rate >= 1 && !(await holds(rate))) rate = Math.floor(rate / 2);
  const goesUp = rate === FIRST_RATE; // what was too much on the way down need not be tried again
  while (goesUp && rate < MAX_RATE && (await holds(Math.ceil(rate * GROWTH)))) {
    rate = Math.ceil(rate * GROWTH);
  }
  const value = { median: rate, min: rate, max: rate };
  return { rows, verdicts: [{ what: "last rate within the objective", value, unit: "trips/s" }] };
}

function isWithin(results: readonly TripResult[]): boolean {
  const failures = results.reduce((sum, result) => sum + result.failures, 0);
  return failures === 0 && median(results.map(({ p99Ms }) => p99Ms)) <= OBJECTIVE_P99_MS;
}

function stepRow(rate: number, results: readonly TripResult[]): Row {
  return {
    what: `${rate} trips/s, ${rate * 6} calls/s`,
    columns: {
      "p50 ms": show(spread(results.map(({ p50Ms }) => p50Ms)), 1),
      "p99 ms": show(spread(results.map(({ p99Ms }) => p99Ms)), 1),
      failures: String(results.reduce((sum, { failures }) => sum + failures, 0)),
    },
  };
}
