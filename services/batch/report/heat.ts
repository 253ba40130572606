import { createErrorSums, type ErrorSums } from "./errors.ts";

/** Names with the most rows that are kept. */
const NAMES = 20;
const HOURS = 24;
/** A cell with fewer rows says little. */
const LEAST_ROWS = 10;

export interface HeatCell {
  readonly rows: number;
  readonly meanError: number;
  readonly bias: number;
}

/** Errors by a column and by the hour of the day. */
export interface HeatMap {
  /** The column. */
  readonly by: string;
  /** Its names with the most rows, most first; 24 cells each, null where there are too few rows. */
  readonly lines: readonly {
    readonly name: string;
    readonly rows: number;
    readonly cells: readonly (HeatCell | null)[];
  }[];
}

/** Sums errors by name and hour. */
export interface HeatSums {
  add(name: string, hour: number, ...pair: Parameters<ErrorSums["add"]>): void;
  map(by: string): HeatMap;
}

export function createHeatSums(): HeatSums {
  const sums = new Map<string, ErrorSums[]>();
  return {
    add(name, hour, ...pair) {
      const hours = sums.get(name) ?? Array.from({ length: HOURS }, createErrorSums);
      sums.set(name, hours);
      hours[hour]?.add(...pair);
    },
    map(by) {
      const lines = [...sums].map(([name, hours]) => ({
        name,
        rows: hours.reduce((total, { summary }) => total + summary.rows, 0),
        cells: hours.map(({ summary }) => cellOf(summary)),
      }));
      return { by, lines: lines.toSorted((a, b) => b.rows - a.rows).slice(0, NAMES) };
    },
  };
}

function cellOf({ rows, meanError, bias }: ErrorSums["summary"]): HeatCell | null {
  return rows < LEAST_ROWS ? null : { rows, meanError, bias };
}
