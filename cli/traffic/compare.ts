import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { EnvoyTraffic, InForce } from "#kit/traffic/envoy-runtime.ts";
import { mirrorKey, segmentKey, trafficKey } from "#kit/traffic/runtime.ts";
import { type ModelService, modelServices, type Slot, slots } from "#kit/traffic/traffic.ts";

/** One slot: what was decided, and what Envoy goes by. Basis points. */
export interface ComparedSlot {
  readonly version: string;
  readonly weight: number;
  readonly mirror: number;
  /** The weight among riders of segment `b`; the same as `weight` outside an A/B by segment. */
  readonly segmentWeight: number;
  readonly intervalScale: number;
  /** What Envoy goes by; null when it was not asked or did not answer. */
  readonly inForce: { readonly traffic: InForce; readonly segment: InForce } | null;
  /** Envoy goes by other weights, by hand or because it has not heard of the decision; null: unknown. */
  readonly differs: boolean | null;
}

/** One service's traffic beside Envoy's. */
export interface ComparedTraffic {
  readonly service: string;
  readonly revision: number;
  readonly salt: string;
  readonly slots: Readonly<Record<Slot, ComparedSlot>>;
  /** Keys that somebody has set by hand. */
  readonly overrides: readonly string[];
}

/** Puts what was decided beside what is in force. */
export function compareTraffic(traffic: Traffic, envoy: EnvoyTraffic | undefined): ComparedTraffic {
  const service = modelServices.find((name) => name === traffic.service);
  const of = (slot: Slot) => compareSlot(traffic, slot, service && envoy?.services[service][slot]);
  return {
    service: traffic.service,
    revision: Number(traffic.revision),
    salt: traffic.salt,
    slots: { blue: of("blue"), green: of("green") },
    overrides: envoy?.overrides.filter((key) => trafficKeysOf(traffic.service).includes(key)) ?? [],
  };
}

function compareSlot(
  traffic: Traffic,
  slot: Slot,
  inForce: EnvoyTraffic["services"][ModelService][Slot] | undefined,
): ComparedSlot {
  const { version, weight, mirror, intervalScale, segmentWeight } =
    traffic[slot] ?? SlotTraffic.create();
  const decided = {
    version,
    weight,
    mirror,
    segmentWeight: segmentWeight ?? weight,
    intervalScale,
  };
  if (!inForce) return { ...decided, inForce: null, differs: null };
  const { traffic: all, segment } = inForce;
  const differs = all.weight !== weight || segment.weight !== decided.segmentWeight;
  return { ...decided, inForce: { traffic: all, segment }, differs };
}

/** The runtime keys of one service in Envoy. */
export function trafficKeysOf(service: string): string[] {
  return slots.flatMap((slot) => [
    trafficKey(service, slot),
    segmentKey(service, slot),
    mirrorKey(service, slot),
  ]);
}
