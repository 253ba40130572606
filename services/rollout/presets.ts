import { Requirements, type Stage, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { type ModelService, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { metricsOf } from "./judge/plan.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

function stage(
  name: string,
  weight: number,
  rest: { mirror?: number; bakeSeconds: number },
): Stage {
  return {
    name,
    weight,
    mirror: rest.mirror ?? 0,
    bake: fromSeconds(rest.bakeSeconds),
    deadline: fromSeconds(7 * DAY),
  };
}

/**
 * Each strategy as a list of stages. A plan may change everything here; what makes a strategy itself is that
 * blue/green has one push, that shadow has no weight, and that rolling has no second slot.
 */
const presets: Readonly<Record<number, readonly Stage[]>> = {
  [Strategy.CANARY]: [
    stage("1 %", 100, { bakeSeconds: 60 }),
    stage("5 %", 500, { bakeSeconds: 60 }),
    stage("25 %", 2_500, { bakeSeconds: 60 }),
    stage("50 %", 5_000, { bakeSeconds: 60 }),
    stage("100 %", TOTAL_WEIGHT, { bakeSeconds: 60 }),
  ],
  [Strategy.BLUE_GREEN]: [stage("100 %", TOTAL_WEIGHT, { bakeSeconds: 300 })],
  [Strategy.SHADOW]: [stage("shadow", 0, { mirror: TOTAL_WEIGHT, bakeSeconds: 60 })],
  [Strategy.AB]: [stage("50 : 50", 5_000, { bakeSeconds: 60 })],
  [Strategy.ROLLING]: [stage("one by one", 0, { bakeSeconds: 10 })],
};

/** Who has the segment is shown the candidate, all of them: the segment is the split. */
const SEGMENT_STAGE = stage("segment b", TOTAL_WEIGHT, { bakeSeconds: 60 });

/**
 * The stages of a strategy; none for an unknown one. Tips are also judged by who was shown what, and 1 % of
 * the riders would take more than a week to say something: their canary begins at 5 %.
 */
export function presetStages(
  strategy: Strategy,
  service: ModelService,
  bySegment = false,
): readonly Stage[] {
  if (bySegment && strategy === Strategy.AB) return [SEGMENT_STAGE];
  const stages = presets[strategy] ?? [];
  const isTipCanary = service === "tip" && strategy === Strategy.CANARY;
  return isTipCanary ? stages.slice(1) : stages;
}

/** What a plan does not say: as measured on real errors, see docs/releases.md. */
export function defaultRequirements(service: ModelService): Requirements {
  return Requirements.fromPartial({
    margin: 0.02,
    alpha: 0.01,
    lossCap: metricsOf(service)[0]?.cap ?? 0,
    minTripsToFail: 20,
    minTripsToPass: 1_000,
    minHoursOfDay: 24,
    plannedTrips: 2_000,
    maturity: fromSeconds(1.5 * HOUR),
    maxErrorShare: 0.05,
  });
}

/** Fields that are 0 or unset take the defaults. */
export function withDefaults(service: ModelService, given: Requirements | undefined): Requirements {
  const filled = { ...defaultRequirements(service) };
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value !== 0 && value !== undefined) Object.assign(filled, { [name]: value });
  }
  return filled;
}
