import { SlotTraffic, Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type FieldViolation, invalidArgument } from "#kit/rpc/errors.ts";

/** The two places a version can be deployed in. */
export const slots = ["blue", "green"] as const;
export type Slot = (typeof slots)[number];

/** Weights are basis points: blue and green add up to this. */
export const TOTAL_WEIGHT = 10_000;

/** The services whose traffic is shared between slots. */
export const modelServices = ["duration", "dynamic-duration", "tip", "cost"] as const;
export type ModelService = (typeof modelServices)[number];

/** The services that answer events. */
export const consumerServices = ["dynamic-duration", "tip", "cost"] as const;
export type ConsumerService = (typeof consumerServices)[number];

/** A service's traffic before anything was ever released: all of it on `v1` in the blue slot. */
export function firstTraffic(service: ModelService, version = "v1"): Traffic {
  return Traffic.fromPartial({
    service,
    blue: { version, weight: TOTAL_WEIGHT, mirror: 0, intervalScale: 1 },
    green: { version: "", weight: 0, mirror: 0, intervalScale: 1 },
    salt: `${service}-1`,
  });
}

/** Refuses what Envoy would accept and then fail on: it acknowledges nonsense. */
export function checkTraffic(traffic: Traffic): Traffic {
  const { service, salt } = traffic;
  const violations = [
    ...violation(
      "service",
      modelServices.some((known) => known === service),
      `must be one of ${modelServices.join(", ")}`,
    ),
    ...violation("salt", salt !== "", "is required"),
    ...slots.flatMap((slot) => checkSlot(slot, traffic[slot] ?? SlotTraffic.create())),
    ...checkSums(traffic),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  return traffic;
}

function checkSlot(slot: Slot, traffic: SlotTraffic): FieldViolation[] {
  const { version, weight, mirror, intervalScale, segmentWeight } = traffic;
  const share = Math.max(weight, segmentWeight ?? 0);
  return [
    ...violation(`${slot}.weight`, isBasisPoints(weight), "must be 0 to 10 000"),
    ...violation(`${slot}.mirror`, isBasisPoints(mirror), "must be 0 to 10 000"),
    ...violation(
      `${slot}.mirror`,
      mirror === 0 || share === 0,
      "must be 0 for a slot with weight: it would score the same requests twice",
    ),
    ...violation(
      `${slot}.segment_weight`,
      segmentWeight === undefined || isBasisPoints(segmentWeight),
      "must be 0 to 10 000",
    ),
    ...violation(
      `${slot}.version`,
      version !== "" || share + mirror === 0,
      "is required for a slot with traffic",
    ),
    ...violation(
      `${slot}.interval_scale`,
      Number.isFinite(intervalScale) && intervalScale > 0,
      "must be positive",
    ),
  ];
}

function checkSums({ blue, green }: Traffic): FieldViolation[] {
  const weights = sumIs("weight", (blue?.weight ?? 0) + (green?.weight ?? 0));
  const [blues, greens] = [blue?.segmentWeight, green?.segmentWeight];
  if (blues === undefined && greens === undefined) return weights;
  return blues === undefined || greens === undefined
    ? [
        ...weights,
        ...violation("segment_weight", false, "must be given for both slots, or for none"),
      ]
    : [...weights, ...sumIs("segment_weight", blues + greens)];
}

/** Envoy divides by whatever sum it finds, which moves riders; by 0 it answers nobody. */
function sumIs(field: string, sum: number): FieldViolation[] {
  const description = `blue and green must add up to ${TOTAL_WEIGHT}, not ${sum}`;
  return violation(field, sum === TOTAL_WEIGHT, description);
}

function violation(field: string, isFine: boolean, description: string): FieldViolation[] {
  return isFine ? [] : [{ field, description }];
}

function isBasisPoints(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= TOTAL_WEIGHT;
}
