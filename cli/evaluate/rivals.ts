import type { Progress } from "./progress.ts";
import type { Rides } from "./rides.ts";

/** A simple answer to the same question, by ride. */
export interface Rival {
  readonly name: string;
  readonly value: Float64Array;
}

/** What a model under way should beat: the plain update of the estimate, and the pace so far. */
export function rivalDurations(rides: Rides, estimated: Float32Array, progress: Progress): Rival[] {
  const elapsed = (row: number) => (progress.elapsedSeconds[row] as number) / 60;
  const share = (row: number) => progress.shareDone[row] as number;
  const ofAll = (answer: (row: number) => number) =>
    Float64Array.from({ length: rides.count }, (_, row) => answer(row));
  return [
    {
      name: "elapsed + share left × estimate",
      value: ofAll((row) => elapsed(row) + (1 - share(row)) * (estimated[row] as number)),
    },
    { name: "pace so far", value: ofAll((row) => elapsed(row) / share(row)) },
  ];
}
