import { type Rollout, RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Instance, Instances } from "#kit/instances/instances.ts";
import { toSeconds } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import type { Decide } from "./decide.ts";
import type { Judge } from "./judge.ts";
import type { ReleaseLog } from "./release-log.ts";

export interface RollingDependencies {
  readonly releases: ReleaseLog;
  readonly instances: Instances;
  readonly judge: Judge;
  readonly decide: Decide;
  readonly now: () => Date;
}

/** Replaces the processes of the live slot one after the other. */
export interface Rolling {
  /** The next one, when the one before has shown for the stage's bake time that it works. */
  replaceNext(rollout: Rollout): Promise<void>;
  /** Every process has to be of the version that the rollout ended with. */
  finish(rollout: Rollout): Promise<void>;
}

export function createRolling(dependencies: RollingDependencies): Rolling {
  const { releases, instances, judge, decide, now } = dependencies;
  /** When the last one was replaced, by rollout; after a restart of this process it bakes again. */
  const replacedAt = new Map<string, number>();

  const processesOf = async ({ service, candidateSlot }: Rollout): Promise<Instance[]> =>
    (await instances.list()).filter((one) => one.service === service && one.slot === candidateSlot);

  function isBaked(rollout: Rollout, hasNew: boolean): boolean {
    const ms = now().getTime();
    const { rolloutId, stages, currentStage } = rollout;
    const atMs = replacedAt.get(rolloutId) ?? (hasNew ? ms : Number.NEGATIVE_INFINITY);
    replacedAt.set(rolloutId, atMs);
    return ms - atMs >= toSeconds(stages[currentStage - 1]?.bake) * 1000;
  }

  async function replace(rollout: Rollout, { name, index }: Instance): Promise<void> {
    const { service, candidateSlot, candidateVersion, currentStage: stage } = rollout;
    const key = { service: service as ModelService, slot: candidateSlot as Slot, index };
    try {
      await instances.replace(key, candidateVersion);
      replacedAt.set(rollout.rolloutId, now().getTime());
    } catch (cause) {
      const { code, message } = MeshError.from(cause);
      if (code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED") throw cause;
      const why = `${name} cannot be replaced: ${message}`;
      await decide(rollout, { what: "abort", state: RolloutState.ABORTED, stage, why });
    }
  }

  return {
    async replaceNext(rollout) {
      const { candidateVersion, currentStage: stage } = rollout;
      const { verdict, because: why, gates } = judge.look(rollout, now());
      if (verdict === Verdict.FAIL) {
        return decide(rollout, { what: "abort", state: RolloutState.ABORTED, stage, why, gates });
      }
      if (rollout.state !== RolloutState.RUNNING) return;
      if (verdict === Verdict.HOLD) {
        return decide(rollout, { what: "hold", state: RolloutState.HELD, stage, why, gates });
      }
      const mine = await processesOf(rollout);
      const old = mine.find(({ version }) => version !== candidateVersion);
      const isQuiet = mine.length > 0 && mine.every(({ ready }) => ready);
      const hasNew = mine.some(({ version }) => version === candidateVersion);
      if (!isBaked(rollout, hasNew) || !isQuiet) return;
      if (old) return replace(rollout, old);
      const all = `all ${mine.length} processes are ${candidateVersion}`;
      await decide(rollout, {
        what: "promote",
        state: RolloutState.PROMOTED,
        stage,
        why: all,
        gates,
      });
    },
    async finish(rollout) {
      const { rolloutId, service, candidateSlot, candidateVersion, liveVersion } = rollout;
      const isPromoted = rollout.state === RolloutState.PROMOTED;
      const [version, gone] = isPromoted
        ? [candidateVersion, liveVersion]
        : [liveVersion, candidateVersion];
      const slot = candidateSlot as Slot;
      // Also those that the list calls right: one that is just being replaced is listed as what it was.
      for (const { index } of await processesOf(rollout)) {
        await instances.replace({ service: service as ModelService, slot, index }, version);
      }
      replacedAt.delete(rolloutId);
      await releases.append(rolloutId, { $case: "cleanUp", value: { slot, version: gone } });
    },
  };
}
