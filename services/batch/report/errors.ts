/** What predictions were off by, over some rows. */
export interface ErrorSummary {
  /** Rows whose truth is known and within the report's range. */
  readonly rows: number;
  readonly meanError: number;
  readonly rmse: number;
  /** Mean of prediction minus truth: above 0 it says too much. */
  readonly bias: number;
  /** Share of truths inside the interval; NaN without one. */
  readonly holds: number;
}

/** Sums of errors. */
export interface ErrorSums {
  add(value: number, truth: number, lower: number, upper: number): void;
  readonly summary: ErrorSummary;
}

export function createErrorSums(): ErrorSums {
  let [rows, absolute, squared, signed, inside] = [0, 0, 0, 0, 0];
  return {
    add(value, truth, lower, upper) {
      const error = value - truth;
      rows++;
      absolute += Math.abs(error);
      squared += error * error;
      signed += error;
      if (truth >= lower && truth <= upper) inside++;
      else if (!(truth < lower || truth > upper)) inside = Number.NaN; // there is no interval
    },
    get summary() {
      return {
        rows,
        meanError: absolute / rows,
        rmse: Math.sqrt(squared / rows),
        bias: signed / rows,
        holds: inside / rows,
      };
    },
  };
}
