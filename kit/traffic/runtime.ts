import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { invalidArgument } from "#kit/rpc/errors.ts";
import { checkTraffic, modelServices, type Slot, slots } from "./traffic.ts";

/** A share as Envoy wants one that is finer than a percent; a plain number would be taken as percent. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: "TEN_THOUSAND";
}

/** Envoy's runtime keys with their values; always all of them, since a missing key falls to a lower layer. */
export type RuntimeKeys = Readonly<Record<string, number | Fraction>>;

/** The key of a slot's weight. */
export function trafficKey(service: string, slot: Slot): string {
  return `traffic.${service}.${service}-${slot}`;
}

/** The key of a slot's weight among the riders of segment `b`. */
export function segmentKey(service: string, slot: Slot): string {
  return `segment.${service}.${service}-${slot}`;
}

/** The key of the share of requests that are mirrored to a slot. */
export function mirrorKey(service: string, slot: Slot): string {
  return `mirror.${service}.${slot}`;
}

/**
 * Everything that Envoy is to know of the traffic of all services: one push, or one saved file.
 *
 * Fails with INVALID_ARGUMENT for traffic that cannot be, and unless every service is there once: Envoy
 * acknowledges nonsense, and takes a missing key from the layer below.
 */
export function runtimeOf(traffics: readonly Traffic[]): RuntimeKeys {
  const violations = modelServices.flatMap((field) => {
    const times = traffics.filter(({ service }) => service === field).length;
    return times === 1 ? [] : [{ field, description: `must be given once, not ${times} times` }];
  });
  if (violations.length > 0) throw invalidArgument(violations);
  return Object.fromEntries(traffics.flatMap((traffic) => keysOf(checkTraffic(traffic))));
}

/**
 * The version of a push: the highest revision of the bucket that is in it. Each write to the bucket makes one
 * higher than all before, so states that were read as a whole never share a version.
 */
export function versionOf(traffics: readonly Traffic[]): bigint {
  let highest = 0n;
  for (const { revision } of traffics) {
    if (revision > highest) highest = revision; // Math.max takes no bigint
  }
  return highest;
}

function keysOf(traffic: Traffic): [string, number | Fraction][] {
  const { service } = traffic;
  return slots.flatMap((slot): [string, number | Fraction][] => {
    const { weight, mirror, segmentWeight } = traffic[slot] ?? SlotTraffic.create();
    return [
      [trafficKey(service, slot), weight],
      [segmentKey(service, slot), segmentWeight ?? weight],
      [mirrorKey(service, slot), { numerator: mirror, denominator: "TEN_THOUSAND" }],
    ];
  });
}
