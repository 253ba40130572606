import type { Spread } from "./numbers.ts";

/** How long and how often to measure. */
export interface Plan {
  /** Rounds in which every variant is measured once. */
  readonly rounds: number;
  /** Length of one window. Below 2 s the scheduler has not spread the threads yet. */
  readonly windowMs: number;
}

/** One row of a table: what was measured, and its columns as text. */
export interface Row {
  readonly what: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** A ratio with what it should be. */
export interface Verdict {
  readonly what: string;
  readonly value: Spread;
  readonly unit?: string;
  readonly aim?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface Result {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  readonly notes?: readonly string[];
}

export interface Measurement {
  readonly name: string;
  readonly title: string;
  run(plan: Plan): Promise<Result>;
}

export function isMet({ value, aim }: Verdict): boolean | undefined {
  if (!aim) return undefined;
  return "atLeast" in aim ? value.median >= aim.atLeast : value.median <= aim.atMost;
}
