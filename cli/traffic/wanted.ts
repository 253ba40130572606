import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { type Slot, slots, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";

/** Basis points by slot; a slot that is not named keeps what it has, or gets the rest. */
export type Shares = Partial<Record<Slot, number>>;

/** What a person wants to be different. */
export interface TrafficChange {
  /** Of all riders. */
  readonly weights: Shares;
  /** Of the other slot's requests, as copies. */
  readonly mirrors: Shares;
  /** Of the riders of segment `b`; `none`: like all others; undefined: as it is. */
  readonly segments: Shares | "none" | undefined;
}

/** The traffic with what is wanted; whether that may be is for the rollout service to say. */
export function wantedTraffic(
  now: Traffic,
  { weights, mirrors, segments = {} }: TrafficChange,
): Traffic {
  const of = (slot: Slot): SlotTraffic => {
    const before = now[slot] ?? SlotTraffic.create();
    const segmentWeight =
      segments === "none" ? undefined : (shareOf(segments, slot) ?? before.segmentWeight);
    return {
      ...before,
      weight: shareOf(weights, slot) ?? before.weight,
      mirror: mirrors[slot] ?? before.mirror,
      segmentWeight,
    };
  };
  return { ...now, blue: of("blue"), green: of("green") };
}

/** Of two shares that are all, the second follows from the first. */
function shareOf(shares: Shares, slot: Slot): number | undefined {
  const other = slots.find((one) => one !== slot) as Slot;
  const rest = shares[other] === undefined ? undefined : TOTAL_WEIGHT - shares[other];
  return shares[slot] ?? rest;
}
