// What the streams say, as facts about one rollout. Pure.
import { type Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import type { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { toMinutes, toUsd } from "#kit/rpc/amounts.ts";
import { armOf } from "#kit/traffic/arm.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { Arm, Fact, Truth } from "./judge/fact.ts";
import type { JudgePlan } from "./judge/plan.ts";

const DAY_SECONDS = 86_400;

/** Everything that an event says. `traffics`: the service's states during the rollout, oldest first. */
export function factsOfEvent(
  event: TripEvent,
  plan: JudgePlan,
  traffics: readonly Traffic[],
): Fact[] {
  const { body, tripId, occurredAt, features } = event;
  const atMs = occurredAt?.getTime();
  if (!body || atMs === undefined || !features) return [];
  switch (body.$case) {
    case "requested": {
      const assigned = assignedArm(event, plan, traffics);
      const hour = Math.floor((Number(features.pickupLocalSeconds) % DAY_SECONDS) / 3600);
      const request: Fact = {
        kind: "requested",
        tripId,
        riderId: event.riderId,
        atMs,
        hour,
        revision: Number(event.trafficRevision),
        assigned,
        ...(body.value.estimate?.degraded && { isDegraded: true }),
      };
      return [request, ...shownEstimate(event, plan)];
    }
    case "completed":
      return [{ kind: "completed", tripId, atMs, truth: truthOf(event, plan) }];
    case "cancelled":
      return [{ kind: "cancelled", tripId, atMs }];
    default:
      return [];
  }
}

/** What a model process or this service said about a trip. */
export function factOfPrediction(prediction: Prediction, plan: JudgePlan): Fact | undefined {
  const { service, tripId, digest, role, value, lower, upper, intervalScale } = prediction;
  if (service !== plan.service) return undefined;
  const isDuration = service === "duration";
  // What riders saw of duration is in the event, which is not lost with a process.
  if (isDuration && role === PredictionRole.LIVE) return undefined;
  const name = roleNames[role];
  if (!name) return undefined;
  return {
    kind: "scored",
    tripId,
    seq: isDuration ? 1 : prediction.eventSeq,
    atMs: (prediction.occurredAt ?? prediction.servedAt ?? new Date(0)).getTime(),
    digest,
    slot: prediction.slot as Slot,
    role: name,
    value,
    lower,
    upper,
    intervalScale,
    ...(isDuration ? { price: prediction.priceUsd } : {}),
    featureHash: prediction.featureHash.toString("hex"),
  };
}

const roleNames: Readonly<Record<number, "live" | "shadow" | "hindsight">> = {
  [PredictionRole.LIVE]: "live",
  [PredictionRole.SHADOW]: "shadow",
  [PredictionRole.HINDSIGHT]: "hindsight",
};

/** The estimate that the rider was shown is duration's live prediction. */
function shownEstimate({ body, tripId, occurredAt }: TripEvent, plan: JudgePlan): Fact[] {
  if (plan.service !== "duration" || body?.$case !== "requested") return [];
  const { estimate, featureHash } = body.value;
  if (!estimate || estimate.degraded) return [];
  return [
    {
      kind: "scored",
      tripId,
      seq: 1,
      atMs: occurredAt?.getTime() ?? 0,
      digest: estimate.digest,
      slot: estimate.slot as Slot,
      role: "live",
      value: toMinutes(estimate.duration),
      lower: toMinutes(estimate.lower),
      upper: toMinutes(estimate.upper),
      intervalScale: 1,
      price: toUsd(estimate.price),
      featureHash: featureHash.toString("hex"),
    },
  ];
}

/** Consumers' arms are on the event; duration's are the formula that Envoy uses. */
function assignedArm(
  { arms, riderId, trafficRevision, segment }: TripEvent,
  { service, candidate, assignment }: JudgePlan,
  traffics: readonly Traffic[],
): Arm {
  if (assignment === "segment") return segment === "b" ? "candidate" : "base";
  const slot =
    service === "duration"
      ? slotAt(
          riderId,
          traffics.findLast(({ revision }) => revision <= trafficRevision),
        )
      : arms[service];
  return slot === candidate.slot ? "candidate" : "base";
}

function slotAt(riderId: string, traffic: Traffic | undefined): Slot | undefined {
  return traffic && armOf(traffic.salt, riderId, traffic.blue?.weight ?? 0);
}

/** In the unit of the service. A tip of nothing says that nobody recorded it: cash. */
function truthOf({ body }: TripEvent, { service }: JudgePlan): Truth {
  if (body?.$case !== "completed" || !body.value.truth) return {};
  const { actualDuration, cost, tip } = body.value.truth;
  switch (service) {
    case "duration":
      return { value: toMinutes(actualDuration), price: toUsd(cost) };
    case "dynamic-duration":
      return { value: toMinutes(actualDuration) };
    case "cost":
      return { value: toUsd(cost) };
    case "tip":
      return tip === undefined ? {} : { value: toUsd(tip) };
  }
}
