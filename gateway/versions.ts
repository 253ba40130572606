import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { modelServices, slots } from "#kit/traffic/traffic.ts";
import type { ServiceVersions } from "./snapshot.ts";

const SEEN_FOR_MS = 60_000;

/** Which version serves what: as the traffic bucket says, and as the predictions say. */
export interface Versions {
  changed(traffic: Traffic): void;
  answered(service: string, version: string): void;
  describe(): ServiceVersions[];
}

export function createVersions(now: () => number = Date.now): Versions {
  const traffic = new Map<string, Traffic>();
  const seen = new Map<string, Map<string, number>>();
  const lately = (service: string) =>
    [...(seen.get(service) ?? [])]
      .filter(([, at]) => now() - at < SEEN_FOR_MS)
      .sort(([, a], [, b]) => b - a)
      .map(([version]) => version);
  return {
    changed: (next) => void traffic.set(next.service, next),
    answered(service, version) {
      const versions = seen.get(service) ?? new Map<string, number>();
      seen.set(service, versions.set(version, now()));
    },
    describe: () =>
      modelServices.map((service) => ({
        service,
        slots: slots.flatMap((slot) => {
          const { version, weight } = traffic.get(service)?.[slot] ?? { version: "", weight: 0 };
          return version === "" ? [] : [{ slot, version, weight }];
        }),
        seen: lately(service),
      })),
  };
}
