import type { ErrorSummary, ErrorSums } from "./errors.ts";

/** A slice with fewer rows says little. */
const LEAST_ROWS = 30;

/** A slice of the rows: a time, a zone, an hour. */
export interface Slice extends ErrorSummary {
  readonly name: string;
}

/** Error sums by the name of a slice. */
export type Slices = Map<string, ErrorSums>;

/** Slices with rows, by name. */
export function slicesOf(slices: Slices): Slice[] {
  return [...slices]
    .map(([name, { summary }]) => ({ name, ...summary }))
    .filter(({ rows }) => rows > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Slices with enough rows, largest error first. */
export function worst(slices: Slices | undefined): Slice[] {
  return slicesOf(slices ?? new Map())
    .filter(({ rows }) => rows >= LEAST_ROWS)
    .toSorted((a, b) => b.meanError - a.meanError);
}
