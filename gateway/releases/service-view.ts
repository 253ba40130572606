import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { mirrorKey, segmentKey, trafficKey } from "#kit/traffic/runtime.ts";
import { modelServices, type Slot, slots } from "#kit/traffic/traffic.ts";
import type { EnvoySlots } from "./envoy-slots.ts";
import type { ServiceView, SlotView } from "./view.ts";

/** One service's traffic as it was decided, beside what Envoy knows of it. */
export function serviceView(
  traffic: Traffic,
  envoy: EnvoySlots | undefined,
  admin: string | undefined,
): ServiceView {
  const { service, revision } = traffic;
  const own = slots.flatMap((slot) => [
    trafficKey(service, slot),
    segmentKey(service, slot),
    mirrorKey(service, slot),
  ]);
  const overrides = envoy?.traffic.overrides.filter((key) => own.includes(key)) ?? [];
  const of = (slot: Slot) => slotView(traffic, slot, envoy);
  return {
    service,
    revision: Number(revision),
    slots: { blue: of("blue"), green: of("green") },
    overrides,
    clear: overrides.length > 0 && admin !== undefined ? clearing(admin, overrides) : "",
  };
}

/** An empty value takes a key out of the layer that is written by hand. */
function clearing(admin: string, overrides: readonly string[]): string {
  const cleared = overrides.map((key) => `${key}=`).join("&");
  return `curl -X POST "http://${admin}/runtime_modify?${cleared}"`;
}

function slotView(traffic: Traffic, slot: Slot, envoy: EnvoySlots | undefined): SlotView {
  const { version, weight, mirror, segmentWeight } = traffic[slot] ?? SlotTraffic.create();
  const service = modelServices.find((name) => name === traffic.service);
  return {
    version,
    weight,
    mirror,
    segmentWeight: segmentWeight ?? null,
    inForce: (service && envoy?.traffic.services[service][slot].traffic.weight) ?? null,
    instances: envoy?.processes.get(`${traffic.service}-${slot}`) ?? null,
  };
}
