import type { Card } from "#kit/model/bundle.ts";
import type { ColumnScorer } from "#kit/model/column-scorer.ts";
import { intervalLimits } from "#kit/model/interval.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { type ModelService, modelServices } from "#kit/traffic/traffic.ts";
import { progressColumns, rideColumns } from "./columns.ts";
import { followInterval, type IntervalSummary } from "./interval-over-time.ts";
import { areaUnderCurve, type Measures, measure, type Predicted } from "./measures.ts";
import { simulateProgress } from "./progress.ts";
import type { Rides } from "./rides.ts";
import { rivalDurations } from "./rivals.ts";
import { scoreRides, toPredicted } from "./score-rides.ts";
import { byDistance, byHour, byPopulation, type Group } from "./segments.ts";
import { priceTarget, type Target, targets } from "./target.ts";

/** Measures of a group of rides. */
export interface Row {
  readonly name: string;
  readonly measures: Measures;
}

/** What was measured in one situation. */
export interface Situation {
  /** Whether the model was told the metered distance, which nobody knows before a ride. */
  readonly isDistanceKnown: boolean;
  /** Share of the route that was done; above 0 on SIMULATED progress. */
  readonly shareDone: number;
  readonly populations: readonly Row[];
  readonly segments?: { readonly hour: readonly Row[]; readonly distance: readonly Row[] };
  /** Simple ways to the same answer, where there are some. */
  readonly rivals: readonly Row[];
  /** Before the ride only: the interval as the graph gives it, and adapted to what drop-offs show. */
  readonly interval?: { readonly asInGraph: IntervalSummary; readonly adaptive: IntervalSummary };
  /** duration: the price, without an interval. */
  readonly price?: readonly Row[];
  /** tip: area under the ROC curve of `tip_probability`. */
  readonly tipAuc?: number;
}

export interface EvaluateOptions {
  /** Also by hour and distance. */
  readonly segments: boolean;
  /** Step of the adaptive scale; see `adaptScale`. */
  readonly step: number;
}

/**
 * Scores rides with a bundle and compares with what happened, in every situation in which the mesh asks it.
 * Services that take a first estimate get the one of `estimator`, told the same distance.
 */
export async function* evaluate(
  scorer: ColumnScorer,
  estimator: ColumnScorer | undefined,
  rides: Rides,
  options: EvaluateOptions,
): AsyncGenerator<Situation> {
  const target = targets[serviceOf(scorer.card)];
  const truth = target.truth(rides);
  const rows = [...truth.keys()].filter((row) => !Number.isNaN(truth[row]));
  if (rows.length === 0) throw new MeshError("INVALID_ARGUMENT", "no ride has a known truth");
  const progressAt = new Map(
    target.shares.map((share) => [share, simulateProgress(rides, share)] as const),
  );
  for (const isDistanceKnown of [true, false]) {
    const ride = rideColumns(rides, isDistanceKnown);
    const estimated = estimator ? (await scoreRides(estimator, ride, rides.count))[0] : undefined;
    for (const [shareDone, progress] of progressAt) {
      const inputs = estimated ? { ...ride, ...progressColumns(estimated, progress) } : ride;
      const outputs = await scoreRides(scorer, inputs, rides.count);
      const predicted = toPredicted(outputs);
      const rowsOf = (groups: readonly Group[]) => measureAll(groups, truth, predicted, target);
      yield {
        isDistanceKnown,
        shareDone,
        populations: rowsOf(byPopulation(rides, rows)),
        ...(options.segments && {
          segments: {
            hour: rowsOf(byHour(rides, rows)),
            distance: rowsOf(byDistance(rides, rows)),
          },
        }),
        rivals:
          scorer.card.service === "dynamic-duration" && estimated && shareDone > 0
            ? rivalDurations(rides, estimated, progress).map(({ name, value }) => ({
                name,
                measures: measure(
                  truth,
                  { value, lower: value, upper: value },
                  rows,
                  target.tolerance,
                ),
              }))
            : [],
        ...(shareDone === 0 && {
          interval: intervals(scorer.card, rides, truth, predicted, rows, options.step),
        }),
        ...extras(scorer.card, outputs, rides, rows),
      };
    }
  }
}

/** The service of a card, if its truth is in the trip records. */
export function serviceOf({ service }: Card): ModelService {
  const known = modelServices.find((name) => name === service);
  if (known) return known;
  throw new MeshError(
    "INVALID_ARGUMENT",
    `trip records hold no truth for ${service}: only ${modelServices.join(", ")} can be evaluated`,
  );
}

function measureAll(
  groups: readonly Group[],
  truth: Float64Array,
  predicted: Predicted,
  { tolerance }: Target,
): Row[] {
  return groups.map(({ name, rows }) => ({
    name,
    measures: measure(truth, predicted, rows, tolerance),
  }));
}

function intervals(
  card: Card,
  rides: Rides,
  truth: Float64Array,
  predicted: Predicted,
  rows: readonly number[],
  step: number,
) {
  const inTime = { pickupSeconds: rides.pickupLocalSeconds, minutes: rides.minutes, truth };
  const limits = intervalLimits(card);
  return {
    asInGraph: followInterval(inTime, predicted, rows, { step: 0, limits }),
    adaptive: followInterval(inTime, predicted, rows, { step, limits }),
  };
}

function extras(
  { service, outputs: named }: Card,
  outputs: readonly Float32Array[],
  rides: Rides,
  rows: readonly number[],
): Pick<Situation, "price" | "tipAuc"> {
  const output = (name: string) => outputs[named.findIndex((tensor) => tensor.name === name)];
  const price = output("price_usd");
  const probability = output("tip_probability");
  if (service === "duration" && price) {
    const truth = priceTarget.truth(rides);
    const priced = [...truth.keys()].filter((row) => !Number.isNaN(truth[row]));
    const predicted = { value: price, lower: price, upper: price };
    return {
      price: measureAll(byPopulation(rides, priced), truth, predicted, priceTarget),
    };
  }
  if (service === "tip" && probability) {
    const hasTipped = (row: number) => (rides.tipUsd[row] as number) > 0;
    return { tipAuc: areaUnderCurve(probability, hasTipped, rows) };
  }
  return {};
}
