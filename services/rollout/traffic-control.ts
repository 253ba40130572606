import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { SlotTraffic, Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { TrafficBucket } from "#kit/traffic/bucket.ts";
import { checkTraffic, type ModelService, modelServices, type Slot } from "#kit/traffic/traffic.ts";
import { desiredTraffic, sameTraffic, slotOf } from "./desired-traffic.ts";
import type { ReleaseLog } from "./release-log.ts";

/** Hands the traffic of all services to every Envoy. */
export interface TrafficPush {
  /** Resolves when every node has acknowledged, or the time is over; names them. */
  push(all: readonly Traffic[]): Promise<{
    readonly acknowledgedBy: readonly string[];
    readonly laggards: readonly string[];
  }>;
}

/** The only writer of the `traffic` bucket while rollouts run. */
export interface TrafficControl {
  /** As last stored. */
  of(service: ModelService): Traffic;
  all(): readonly Traffic[];
  /** Makes traffic as the rollout's log wants it; nothing when it is so already. */
  apply(rollout: Rollout): Promise<void>;
  /** Changes traffic by hand. Fails with ABORTED for an old revision. */
  set(wanted: Traffic, who: string, why: string): Promise<Traffic>;
  /** Takes the version out of a slot that has no weight any more. */
  forget(service: ModelService, slot: Slot): Promise<void>;
}

export interface TrafficControlDependencies {
  readonly bucket: TrafficBucket;
  readonly releases: ReleaseLog;
  readonly push: TrafficPush;
  readonly log: Logger;
}

/** Log of changes that no rollout made. */
export const BY_HAND = "traffic";

/** Reads what is stored, and hands it to Envoy once, so that a restart changes nothing. */
export async function openTrafficControl(
  dependencies: TrafficControlDependencies,
): Promise<TrafficControl> {
  const { bucket, releases, push, log } = dependencies;
  const known = new Map<string, Traffic>();
  for (const service of modelServices) {
    const stored = await bucket.get(service);
    if (!stored) {
      throw new MeshError("FAILED_PRECONDITION", `the traffic of ${service} was never written`);
    }
    known.set(service, stored);
  }
  await push.push([...known.values()]);

  const of = (service: ModelService): Traffic => {
    const traffic = known.get(service);
    if (!traffic) throw new MeshError("NOT_FOUND", `there is no service ${service}`);
    return traffic;
  };

  /** Bucket, then Envoy, then the log: what was decided is in the log already. */
  async function store(
    wanted: Traffic,
    rolloutId: string,
    by: { readonly who: string; readonly why: string },
  ): Promise<Traffic> {
    const stored = await bucket.put(checkTraffic(wanted));
    known.set(stored.service, stored);
    const { acknowledgedBy, laggards } = await push.push([...known.values()]);
    if (laggards.length > 0)
      log.warn({ laggards }, "some Envoys have not acknowledged the traffic");
    await releases.append(rolloutId, {
      $case: "push",
      value: {
        traffic: stored,
        ...by,
        acknowledgedBy: [...acknowledgedBy],
        laggards: [...laggards],
      },
    });
    return stored;
  }

  /** Somebody else may have written the bucket: then what it holds counts, and is tried from there. */
  async function change(
    service: ModelService,
    wanted: (now: Traffic) => Traffic,
    rolloutId: string,
  ): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      const next = wanted(of(service));
      if (sameTraffic(next, of(service))) return;
      try {
        await store(next, rolloutId, { who: "", why: "" });
        return;
      } catch (cause) {
        if (MeshError.from(cause).code !== "ABORTED") throw cause;
        const stored = await bucket.get(service);
        if (stored) known.set(service, stored);
      }
    }
    throw new MeshError("ABORTED", `the traffic of ${service} is being changed by somebody else`);
  }

  return {
    of,
    all: () => [...known.values()],
    apply: (rollout) =>
      change(
        rollout.service as ModelService,
        (now) => desiredTraffic(rollout, now),
        rollout.rolloutId,
      ),
    forget(service, slot) {
      const empty: SlotTraffic = {
        version: "",
        weight: 0,
        mirror: 0,
        intervalScale: 1,
        segmentWeight: undefined,
      };
      return change(
        service,
        (now) => {
          if (slotOf(now, slot).weight > 0) {
            throw new MeshError("FAILED_PRECONDITION", `${service}-${slot} still has traffic`);
          }
          return { ...now, [slot]: empty };
        },
        BY_HAND,
      );
    },
    set: (wanted, who, why) => store(wanted, BY_HAND, { who, why }),
  };
}
