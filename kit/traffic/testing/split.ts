// The traffic of all services for a test: v1 in blue with everything, but for what is said.
import { SlotTraffic, type Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { firstTraffic, type ModelService, modelServices, TOTAL_WEIGHT } from "../traffic.ts";

/** What differs from the first traffic of a service: green has v2, and what blue has not. */
export interface Split {
  readonly blue?: number;
  /** Copies to green. */
  readonly mirror?: number;
  /** Blue's weight among riders of segment `b`. */
  readonly segmentBlue?: number;
}

export function split(
  splits: Partial<Record<ModelService, Split>>,
  revision: number | bigint = 1,
): Traffic[] {
  return modelServices.map((service) => {
    const { blue = TOTAL_WEIGHT, mirror = 0, segmentBlue } = splits[service] ?? {};
    const slot = (version: string, weight: number, segmentWeight?: number) =>
      SlotTraffic.fromPartial({ version, weight, intervalScale: 1, segmentWeight });
    const green = segmentBlue === undefined ? undefined : TOTAL_WEIGHT - segmentBlue;
    return {
      ...firstTraffic(service),
      blue: slot("v1", blue, segmentBlue),
      green: { ...slot("v2", TOTAL_WEIGHT - blue, green), mirror },
      revision: BigInt(revision),
    };
  });
}
