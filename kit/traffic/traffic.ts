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
  const violations: FieldViolation[] = [];
  const check = (field: string, ok: boolean, description: string) => {
    if (!ok) violations.push({ field, description });
  };
  check(
    "service",
    modelServices.some((s) => s === traffic.service),
    `must be one of ${modelServices.join(", ")}`,
  );
  check("salt", traffic.salt !== "", "is required");
  for (const slot of slots) {
    const { version, weight, mirror, intervalScale } = traffic[slot] ?? SlotTraffic.create();
    check(`${slot}.weight`, isBasisPoints(weight), "must be 0 to 10 000");
    check(`${slot}.mirror`, isBasisPoints(mirror), "must be 0 to 10 000");
    check(
      `${slot}.version`,
      version !== "" || weight + mirror === 0,
      "is required for a slot with traffic",
    );
    check(
      `${slot}.interval_scale`,
      Number.isFinite(intervalScale) && intervalScale > 0,
      "must be positive",
    );
  }
  const sum = (traffic.blue?.weight ?? 0) + (traffic.green?.weight ?? 0);
  check(
    "weight",
    sum === TOTAL_WEIGHT,
    `blue and green must add up to ${TOTAL_WEIGHT}, not ${sum}`,
  );
  if (violations.length > 0) throw invalidArgument(violations);
  return traffic;
}

function isBasisPoints(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= TOTAL_WEIGHT;
}
