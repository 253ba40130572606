import { type Rollout, RolloutState } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { SlotTraffic, Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { TrafficBucket } from "#kit/traffic/bucket.ts";
import { checkTraffic, type ModelService, modelServices, type Slot } from "#kit/traffic/traffic.ts";
import { desiredTraffic, isIdle, sameTraffic, slotOf } from "./desired-traffic.ts";
import type { ReleaseLog } from "./release-log.ts";

/** Hands the traffic of all services to every Envoy. */
export interface TrafficPush {
  /** Resolves when every node has acknowledged, or the time is over; names them. */
  push(all: readonly Traffic[]): Promise<{
    readonly acknowledgedBy: readonly string[];
    readonly laggards: readonly string[];
  }>;
}

/** Traffic as it was stored, and by whom it was acknowledged. */
export interface SetByHand {
  readonly traffic: Traffic;
  readonly acknowledgedBy: readonly string[];
  readonly laggards: readonly string[];
}

/** The only writer of the `traffic` bucket while rollouts run. */
export interface TrafficControl {
  /** As last stored. */
  of(service: ModelService): Traffic;
  all(): readonly Traffic[];
  /**
   * Makes traffic as the rollout's log wants it, in the bucket, in Envoy and in the log; what is so already is no
   * work. What a person has set since a promotion stays.
   */
  apply(rollout: Rollout): Promise<void>;
  /** Whether the rollout has the word on its service's traffic: not when a person has set it since a promotion. */
  follows(rollout: Rollout): boolean;
  /** Changes traffic by hand. Fails with ABORTED for an old revision. */
  set(wanted: Traffic, who: string, why: string): Promise<SetByHand>;
  /** Takes the version out of a slot that has no traffic any more. */
  forget(rollout: Rollout, slot: Slot): Promise<void>;
  /** Calls back as soon as the bucket holds a new state, before Envoy hears of it. Gives back how to stop that. */
  onStored(listener: (traffic: Traffic) => void): () => void;
  close(): void;
}

export interface TrafficControlDependencies {
  readonly bucket: TrafficBucket;
  readonly releases: ReleaseLog;
  readonly push: TrafficPush;
  readonly log: Logger;
}

/** Log of changes that no rollout made. */
export const BY_HAND = "traffic";

const MOST_TRIES = 3;
const EMPTY: SlotTraffic = {
  version: "",
  weight: 0,
  mirror: 0,
  intervalScale: 1,
  segmentWeight: undefined,
};

interface By {
  readonly rolloutId: string;
  readonly who: string;
  readonly why: string;
}

/** Reads what is stored, and hands it to Envoy once, so that a restart changes nothing. */
export async function openTrafficControl(
  dependencies: TrafficControlDependencies,
): Promise<TrafficControl> {
  const { bucket, releases, push, log } = dependencies;
  const known = await readAll(bucket);
  /** Revisions that Envoy was given. */
  const handedOut = new Map<string, bigint>();
  /** Services that are being written: what the watch says of them is this process's own. */
  const writing = new Set<string>();
  const listeners = new Set<(traffic: Traffic) => void>();

  const of = (service: ModelService): Traffic => {
    const traffic = known.get(service);
    if (!traffic) throw new MeshError("NOT_FOUND", `there is no service ${service}`);
    return traffic;
  };

  /** The newest state counts, in whatever order two ways tell of it. */
  function learn(traffic: Traffic): void {
    if (traffic.revision <= (known.get(traffic.service)?.revision ?? 0n)) return;
    known.set(traffic.service, traffic);
    for (const listener of listeners) listener(traffic);
  }

  async function handOut() {
    const all = [...known.values()];
    const answer = await push.push(all);
    for (const { service, revision } of all) handedOut.set(service, revision);
    if (answer.laggards.length > 0) {
      log.warn({ laggards: answer.laggards }, "some Envoys have not acknowledged the traffic");
    }
    return answer;
  }

  async function write(wanted: Traffic): Promise<Traffic> {
    const { service } = wanted;
    writing.add(service);
    try {
      learn(await bucket.put(checkTraffic(wanted)));
    } catch (cause) {
      // Somebody was faster, or the server has stored it and could not say so: what it holds counts.
      const stored = await bucket.get(service);
      if (stored) learn(stored);
      throw cause;
    } finally {
      writing.delete(service);
    }
    return of(service as ModelService);
  }

  /** Envoy, then the log: what was decided is in the log already. */
  async function tell(traffic: Traffic, { rolloutId, who, why }: By) {
    const { acknowledgedBy, laggards } = await handOut();
    await releases.append(rolloutId, {
      $case: "push",
      value: {
        traffic,
        who,
        why,
        acknowledgedBy: [...acknowledgedBy],
        laggards: [...laggards],
      },
    });
    return { acknowledgedBy, laggards };
  }

  async function change(
    service: ModelService,
    wanted: (now: Traffic) => Traffic,
    isTold: (now: Traffic) => boolean,
    by: By,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      const now = of(service);
      const next = wanted(now);
      const isSame = sameTraffic(next, now);
      if (isSame && isTold(now) && handedOut.get(service) === now.revision) return;
      try {
        await tell(isSame ? now : await write(next), by);
        return;
      } catch (cause) {
        if (MeshError.from(cause).code !== "ABORTED" || tries === MOST_TRIES || isSame) throw cause;
      }
    }
  }

  const watch = await bucket.watch(
    (traffic) => {
      if (writing.has(traffic.service)) return;
      if (traffic.revision <= (known.get(traffic.service)?.revision ?? 0n)) return;
      log.warn({ service: traffic.service }, "somebody else has written the traffic");
      learn(traffic);
      handOut().catch((cause: unknown) => log.error({ err: cause }, "traffic was not handed out"));
    },
    { log },
  );
  await handOut();

  const lastOf = (rolloutId: string) => releases.traffics(rolloutId).at(-1)?.revision ?? 0n;
  const follows = ({ rolloutId, service, state }: Rollout) => {
    const now = of(service as ModelService);
    const wasShifted = (one: Traffic) =>
      one.service === service && one.revision >= lastOf(rolloutId) && sameTraffic(one, now);
    const wasHandedOut = (one: Traffic) =>
      one.service === service && one.revision > lastOf(rolloutId) && one.revision <= now.revision; // the bucket may have lost it
    return (
      state !== RolloutState.PROMOTED ||
      // Of a change that is under way, or was when a process was killed, the log has only that it was wanted.
      !(releases.shifts().some(wasShifted) || releases.traffics(BY_HAND).some(wasHandedOut))
    );
  };

  return {
    of,
    all: () => [...known.values()],
    async apply(rollout) {
      const { rolloutId, service, currentStage } = rollout;
      if (!follows(rollout)) return;
      await change(
        service as ModelService,
        (now) => desiredTraffic(rollout, now),
        // Killed between bucket and log: the log does not know yet.
        ({ revision }) => currentStage === 0 || lastOf(rolloutId) === revision,
        { rolloutId, who: "", why: "" },
      );
    },
    follows,
    forget({ rolloutId, service }, slot) {
      const empty = (now: Traffic) => {
        if (!isIdle(slotOf(now, slot))) {
          throw new MeshError("FAILED_PRECONDITION", `${service}-${slot} still has traffic`);
        }
        return { ...now, [slot]: EMPTY };
      };
      const why = `the version in ${slot} is not needed any more`;
      return change(service as ModelService, empty, () => true, { rolloutId, who: "", why });
    },
    async set(wanted, who, why) {
      if (wanted.revision === of(wanted.service as ModelService).revision) {
        const value = { traffic: checkTraffic(wanted), who, why };
        await releases.append(BY_HAND, { $case: "shift", value });
      } // else the bucket refuses it
      const stored = await write(wanted);
      return { traffic: stored, ...(await tell(stored, { rolloutId: BY_HAND, who, why })) };
    },
    onStored(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => watch.stop(),
  };
}

async function readAll(bucket: TrafficBucket): Promise<Map<string, Traffic>> {
  const known = new Map<string, Traffic>();
  for (const service of modelServices) {
    const stored = await bucket.get(service);
    if (!stored) {
      throw new MeshError("FAILED_PRECONDITION", `the traffic of ${service} was never written`);
    }
    known.set(service, stored);
  }
  return known;
}
