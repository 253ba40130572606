import { timeOf } from "./clock.ts";
import { type Evidence, QUARTER_MS, type Stratum } from "./evidence.ts";
import { type Operations, operationsIn } from "./operations.ts";
import type { JudgePlan } from "./plan.ts";
import { countRiders, type Point, points, type RiderCounts } from "./riders.ts";
import { addTally, emptyTally, type Tally } from "./tally.ts";

/** One stratum at one look. */
export interface StratumLook {
  readonly candidateWeight: number;
  readonly firstMs: number | undefined;
  /** Every trip that is known. */
  readonly all: Tally;
  /** Trips whose request is old enough that nearly all of its cohort have ended. */
  readonly matured: Tally;
  readonly operations: Operations;
}

/** The evidence added up at one moment. */
export interface Look {
  /** Event time, as the judge believes it; −∞ before it has seen enough. */
  readonly nowMs: number;
  readonly strata: readonly StratumLook[];
  readonly total: Pick<StratumLook, "all" | "matured">;
  /** Distinct hours of the day, on New York's clock, with matured pairs. */
  readonly hours: number;
  /** Of the last stratum. */
  readonly riders: Readonly<Record<Point, RiderCounts>>;
}

/** Adds the evidence up. */
export function takeLook(evidence: Evidence, plan: JudgePlan): Look {
  const nowMs = timeOf(evidence.latest);
  const maturedBeforeMs = nowMs - plan.maturityMs;
  const size = plan.metrics.length;
  const strata = evidence.strata.map((stratum) =>
    lookAt(evidence, stratum, { maturedBeforeMs, size }),
  );
  const sum = (of: "all" | "matured") =>
    strata.reduce((total, stratum) => addTally(total, stratum[of]), emptyTally(size));
  const last = evidence.strata.at(-1) as Stratum;
  const riders = Object.fromEntries(
    points.map((point) => [point, countRiders(last.riders, point)]),
  ) as Record<Point, RiderCounts>;
  const total = { all: sum("all"), matured: sum("matured") };
  return { nowMs, strata, total, hours: countHours(evidence, maturedBeforeMs), riders };
}

function lookAt(
  { counters, strata }: Evidence,
  stratum: Stratum,
  { maturedBeforeMs, size }: { maturedBeforeMs: number; size: number },
): StratumLook {
  const matured = addTally(emptyTally(size), stratum.settled);
  const all = addTally(addTally(emptyTally(size), stratum.settled), stratum.cutShort);
  for (const [quarterMs, { tally }] of stratum.cohorts) {
    addTally(all, tally);
    if (quarterMs + QUARTER_MS <= maturedBeforeMs) addTally(matured, tally);
  }
  const operations = operationsIn(counters, strata.indexOf(stratum));
  const { candidateWeight, firstMs } = stratum;
  return { candidateWeight, firstMs, all, matured, operations };
}

function countHours({ strata }: Evidence, maturedBeforeMs: number): number {
  let bits = 0;
  for (const { settledHours, cohorts } of strata) {
    bits |= settledHours;
    for (const [quarterMs, { hour, tally }] of cohorts) {
      if (quarterMs + QUARTER_MS <= maturedBeforeMs && tally.paired > 0) bits |= 1 << hour;
    }
  }
  let hours = 0;
  for (; bits !== 0; bits &= bits - 1) hours++;
  return hours;
}
