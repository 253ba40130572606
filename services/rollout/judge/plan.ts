import { type FieldViolation, invalidArgument } from "#kit/rpc/errors.ts";
import type { ModelService } from "#kit/traffic/traffic.ts";
import type { VersionInSlot } from "./fact.ts";
import type { Metric } from "./metric.ts";

/** What a release is judged by, fixed before its first trip: thresholds chosen afterwards prove nothing. */
export interface JudgePlan {
  readonly service: ModelService;
  readonly candidate: VersionInSlot;
  readonly base: VersionInSlot;
  /** Requests before this are not counted, event time. */
  readonly startMs: number;
  /** The first decides; the others guard. */
  readonly metrics: readonly Metric[];
  /** Chance of ever failing an equal candidate on the first metric. */
  readonly alpha: number;
  /** The same for each other gate; small, because any one of them fails the candidate. */
  readonly guardAlpha: number;
  /**
   * Chance of ever passing a candidate that is worse by just the margin. Smaller than `alpha`: one that is
   * stopped wrongly costs a day, one that is let through wrongly goes to everybody. Measured price, against
   * 0.01: an equal version that errs much like the live one passes after 2,900 instead of 2,800 trips; of
   * those that err independently 36 instead of 73 % pass within 8,000.
   */
  readonly passAlpha: number;
  /** Number of pairs at which the confidence sequence is narrowest. */
  readonly plannedTrips: number;
  /** Pairs before which nothing fails, and matured pairs before which nothing passes. */
  readonly leastForFail: number;
  readonly leastForPass: number;
  /** Distinct hours of the day with matured pairs, once in the rollout, before anything passes. */
  readonly leastHours: number;
  /** Trips an arm before the split is looked at. */
  readonly leastPerArm: number;
  /** Whether the split has to be looked at before anything passes, where the prediction may change the outcome. */
  readonly needsSplit: boolean;
  /** Age from which a request's cohort counts as matured; above the longest ride. */
  readonly maturityMs: number;
  /** Age at which a trip is forgotten, finished or not. */
  readonly forgetAfterMs: number;
  /** Share of matured trips with a truth that must be paired, and of matured trips that must have ended. */
  readonly leastPaired: number;
  /** Share of answers that may be errors, whatever the base does; and requests before errors or delays count. */
  readonly mostErrors: number;
  readonly leastRequests: number;
  /** Share of events that may be given to the candidate again, however many of the base's are. */
  readonly mostRedelivered: number;
  /** Share of answers that may be later than the objective, however few of the base's are. */
  readonly mostLate: number;
  /** How much more often than the base the candidate may be late, as a share of the base's. */
  readonly lateMargin: number;
  /** Who shares riders: their hash, or their segment, which has no expected ratio. */
  readonly assignment: "riders" | "segment";
  /** Both versions are fed the same tensors, so that a pair with two hashes is no pair. */
  readonly areInputsEqual: boolean;
}

const HOUR_MS = 3_600_000;

/**
 * Measured on 61,920 real rides of 2021-02 by `proof/`: with these, every bad candidate failed and none of 1,200
 * releases of a version that is 2 % worse passed (with a `passAlpha` of 0.01 it was 1 of 400). Less than 24 hours
 * passed up to 2.7 % of the bad ones: what is wrong at 4 in the morning is not seen at midnight.
 */
const defaults = {
  alpha: 0.01,
  guardAlpha: 0.001,
  passAlpha: 0.001,
  plannedTrips: 2000,
  leastForFail: 20,
  leastForPass: 1000,
  leastHours: 24,
  leastPerArm: 100,
  needsSplit: false,
  maturityMs: 1.5 * HOUR_MS,
  forgetAfterMs: 6 * HOUR_MS,
  leastPaired: 0.95,
  mostErrors: 0.05,
  leastRequests: 20,
  mostRedelivered: 0.5,
  mostLate: 0.05,
  lateMargin: 1,
  assignment: "riders",
  areInputsEqual: false,
} as const satisfies Partial<JudgePlan>;

const INTERVAL: Metric = {
  name: "interval",
  unit: "share",
  of: "interval",
  cap: 1,
  margin: 0.1,
  marginIs: "absolute",
  failsOn: "margin",
};

/** The metrics of a service. Caps are about ten times the mean loss. */
export function metricsOf(service: ModelService): readonly Metric[] {
  const error = {
    name: "realised error",
    of: "value",
    margin: 0.02,
    marginIs: "relative",
    failsOn: "any",
  } as const;
  const price = { ...error, name: "price error", of: "price", unit: "USD", cap: 30 } as const;
  switch (service) {
    case "duration":
      return [
        { ...error, unit: "min", cap: 30 },
        { ...price, margin: 0.05, failsOn: "margin" },
        INTERVAL,
      ];
    case "dynamic-duration":
      return [{ ...error, unit: "min", cap: 30 }, INTERVAL];
    case "tip":
      return [{ ...error, unit: "USD", cap: 10 }, INTERVAL];
    case "cost":
      return [{ ...error, unit: "USD", cap: 30 }, INTERVAL];
  }
}

export type PlanOptions = Pick<JudgePlan, "service" | "candidate" | "base" | "startMs"> &
  Partial<JudgePlan>;

/** A frozen plan with the measured defaults; tips also need the split, because showing one may change it. */
export function createPlan(options: PlanOptions): JudgePlan {
  const { service } = options;
  const plan: JudgePlan = {
    ...defaults,
    metrics: metricsOf(service),
    needsSplit: service === "tip",
    ...options,
  };
  const violations = problems(plan);
  if (violations.length > 0) throw invalidArgument(violations);
  return freezeDeep(structuredClone(plan));
}

function problems(plan: JudgePlan): FieldViolation[] {
  const found: FieldViolation[] = [];
  const check = (field: string, ok: boolean, description: string) => {
    if (!ok) found.push({ field, description });
  };
  const within = (value: number, low: number, high: number) => value >= low && value <= high;
  for (const field of ["alpha", "guardAlpha", "passAlpha"] as const) {
    check(field, within(plan[field], 1e-9, 0.2), "must be above 0 and at most 0.2");
  }
  check(
    "least_hours",
    within(plan.leastHours, 0, 24),
    "a day has 24 hours: more are never reached",
  );
  check("least_for_fail", plan.leastForFail >= 2, "must be at least 2: one pair has no variance");
  check(
    "least_for_pass",
    plan.leastForPass >= plan.leastForFail,
    "must not be below least_for_fail",
  );
  check("planned_trips", plan.plannedTrips >= 1, "must be at least 1");
  check("most_redelivered", within(plan.mostRedelivered, 0, 1), "must be 0 to 1");
  check("most_late", within(plan.mostLate, 0, 1), "must be 0 to 1");
  check("late_margin", plan.lateMargin >= 0, "must not be negative");
  check("least_paired", within(plan.leastPaired, 0, 1), "must be 0 to 1");
  check("maturity", plan.maturityMs >= 0, "must not be negative");
  check("forget_after", plan.forgetAfterMs > plan.maturityMs, "must be longer than maturity");
  check("metrics", plan.metrics.length > 0, "must not be empty");
  for (const { name, margin, cap } of plan.metrics) {
    check(`metrics.${name}`, margin > 0 && cap > 0, "margin and cap must be above 0");
  }
  const isSame =
    plan.candidate.digest === plan.base.digest && plan.candidate.slot === plan.base.slot;
  check("candidate", !isSame, "is the live version");
  return found;
}

function freezeDeep<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) freezeDeep(inner);
    Object.freeze(value);
  }
  return value;
}
