// What a start has to satisfy; anything else is refused before a thing has changed.
import { randomUUID } from "node:crypto";
import { Rollout, RolloutState, type Stage, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { StartRolloutRequest } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { toSeconds } from "#kit/rpc/amounts.ts";
import { type FieldViolation, invalidArgument, MeshError } from "#kit/rpc/errors.ts";
import {
  type ModelService,
  modelServices,
  type Slot,
  slots,
  TOTAL_WEIGHT,
} from "#kit/traffic/traffic.ts";
import { otherSlot, slotOf } from "./desired-traffic.ts";
import { planOf } from "./evidence-judge.ts";
import { presetStages, withDefaults } from "./presets.ts";

/** The service that a request names. */
export function checkService(name: string): ModelService {
  const service = modelServices.find((known) => known === name);
  if (service) return service;
  throw new MeshError(
    "NOT_FOUND",
    `there is no service ${name || "without a name"}: it must be one of ${modelServices.join(", ")}`,
  );
}

/** What is looked up for a start. */
export interface StartFacts {
  readonly now: Date;
  /** Event time of the newest request. */
  readonly eventTime: Date;
  /** SHA-256 of a version's model file; fails with NOT_FOUND when there is no such bundle. */
  readonly digestOf: (version: string) => Promise<string>;
}

/** The rollout that a request asks for, before its first entry is written. */
export async function planRollout(
  request: StartRolloutRequest,
  traffic: Traffic,
  facts: StartFacts,
  makeId: () => string = () => randomUUID().slice(0, 8),
): Promise<Rollout> {
  const service = checkService(request.service);
  const live = liveSlot(traffic);
  const liveVersion = slotOf(traffic, live).version;
  if (request.version === liveVersion) {
    throw new MeshError("FAILED_PRECONDITION", `${service} ${liveVersion} is live already`);
  }
  const strategy = request.strategy;
  const isRolling = strategy === Strategy.ROLLING;
  const requirements = withDefaults(service, request.requirements);
  const stages =
    request.stages.length > 0
      ? request.stages
      : [...presetStages(strategy, service, request.bySegment)];
  refuse([
    ...(stages.length === 0
      ? [{ field: "strategy", description: "or stages are required" }]
      : stages.flatMap((stage, i) => problemsOfStage(stage, stages[i - 1], `stages[${i}]`))),
    ...problemsOf(request, requirements, service),
  ]);
  // The id is a token of a subject, where a dot would part it.
  const rolloutId = `${service}-${request.version.replaceAll(".", "_")}-${makeId()}`;
  const decision = { who: request.who, what: "start", why: request.why, evidence: [], stage: 0 };
  const rollout: Rollout = {
    ...Rollout.create(),
    rolloutId,
    requestId: request.requestId,
    service,
    candidateVersion: request.version,
    candidateSlot: isRolling ? live : otherSlot(live),
    liveVersion,
    strategy,
    stages,
    requirements,
    bySegment: request.bySegment,
    // Riders' places change with each rollout; in a rolling one nobody's answer moves to another slot.
    salt: isRolling ? traffic.salt : rolloutId,
    state: RolloutState.RUNNING,
    startEventTime: facts.eventTime,
    candidateDigest: await facts.digestOf(request.version),
    liveDigest: await facts.digestOf(liveVersion),
    createTime: facts.now,
    decisions: [{ ...decision, time: facts.now, state: RolloutState.RUNNING }],
  };
  planOf(rollout); // what the judge would refuse later is refused now
  return rollout;
}

/** The slot that has all the traffic. */
function liveSlot(traffic: Traffic): Slot {
  const live = slots.find((slot) => slotOf(traffic, slot).weight === TOTAL_WEIGHT);
  if (live) return live;
  const { blue, green } = traffic;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `traffic of ${traffic.service} is shared (blue ${blue?.weight}, green ${green?.weight}): give one slot all of it first`,
  );
}

function problemsOfStage(stage: Stage, before: Stage | undefined, field: string): FieldViolation[] {
  const found: FieldViolation[] = [];
  const check = (name: string, ok: boolean, description: string) => {
    if (!ok) found.push({ field: `${field}.${name}`, description });
  };
  check("weight", stage.weight <= TOTAL_WEIGHT, `must be 0 to ${TOTAL_WEIGHT}`);
  check("mirror", stage.mirror <= TOTAL_WEIGHT, `must be 0 to ${TOTAL_WEIGHT}`);
  check(
    "mirror",
    stage.mirror === 0 || stage.weight === 0,
    "must be 0 where the candidate has weight",
  );
  check(
    "weight",
    stage.weight >= (before?.weight ?? 0),
    "must not be below the stage before: riders would be moved back",
  );
  const bake = stage.bake ? toSeconds(stage.bake) : 0;
  const deadline = stage.deadline ? toSeconds(stage.deadline) : Number.NaN;
  check("bake", bake >= 0, "must not be negative");
  check("deadline", deadline > 0, "is required");
  check("deadline", !(deadline <= bake), "must be above bake: the stage could never be passed");
  return found;
}

const withoutWeight: readonly Strategy[] = [Strategy.SHADOW, Strategy.ROLLING];

function problemsOf(
  request: StartRolloutRequest,
  requirements: ReturnType<typeof withDefaults>,
  service: ModelService,
): FieldViolation[] {
  const found: FieldViolation[] = [];
  const check = (field: string, ok: boolean, description: string) => {
    if (!ok) found.push({ field, description });
  };
  const { margin, alpha, minTripsToFail, minTripsToPass, minHoursOfDay, maxErrorShare, lossCap } =
    requirements;
  check("request_id", request.requestId !== "", "is required");
  check("who", request.who !== "", "is required");
  check(
    "version",
    /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(request.version),
    "must be a version such as v2",
  );
  check("requirements.margin", margin > 0 && margin < 1, "must be above 0 and below 1");
  check("requirements.alpha", alpha > 0 && alpha <= 0.2, "must be above 0 and at most 0.2");
  check("requirements.loss_cap", lossCap > 0 && Number.isFinite(lossCap), "must be above 0");
  check("requirements.min_trips_to_fail", minTripsToFail >= 2, "must be at least 2");
  check(
    "requirements.min_hours_of_day",
    minHoursOfDay <= 24,
    "must be 1 to 24: a day has no more hours",
  );
  check(
    "requirements.min_trips_to_pass",
    minTripsToPass >= minTripsToFail,
    "must not be below min_trips_to_fail",
  );
  check(
    "requirements.max_error_share",
    maxErrorShare > 0 && maxErrorShare <= 1,
    "must be above 0, at most 1",
  );
  check("requirements.maturity", toSeconds(requirements.maturity) > 0, "must be positive");
  check("by_segment", !request.bySegment || request.strategy === Strategy.AB, "is for A/B only");
  check(
    "stages",
    !request.bySegment || request.stages.every(({ weight }) => weight === TOTAL_WEIGHT),
    "must have all the weight: by segment, all riders of the segment have the candidate",
  );
  check(
    "stages",
    !withoutWeight.some((one) => one === request.strategy) ||
      request.stages.every(({ weight }) => weight === 0),
    "must have no weight: in a shadow no rider sees the candidate, a rolling release has no second slot",
  );
  check(
    "stages",
    service === "duration" ||
      request.stages.every(({ mirror }) => mirror === 0) ||
      request.strategy === Strategy.SHADOW,
    "consumers see every event: mirror is for a shadow only",
  );
  return found;
}

function refuse(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument(violations);
}
