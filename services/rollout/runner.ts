import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { InstanceExit, Instances } from "#kit/instances/instances.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { slots } from "#kit/traffic/traffic.ts";
import type { Engine } from "./engine.ts";
import { type EvidenceJudge, weightFact } from "./evidence-judge.ts";
import type { ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";

export interface RunnerDependencies {
  readonly releases: ReleaseLog;
  readonly engine: Engine;
  readonly judge: EvidenceJudge;
  readonly instances: Instances;
  readonly log: Logger;
  /** How often each rollout is tended at least, ms. Default 250: a verdict must not wait. */
  readonly everyMs?: number;
  /** Pause after a failed turn, ms. Default 1000. */
  readonly againMs?: number;
}

export interface Runner {
  /** There is something to do now. */
  wake(): void;
  /** Fails when another process writes the log, too: this one must not go on. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Kills by signal from outside are no fault of the model, unless they go on and on. */
const MOST_SIGNALS = 3;

/** Tends every rollout that is not cleaned up, for as long as the process lives. */
export function startRunner(dependencies: RunnerDependencies): Runner {
  const { releases, engine, judge, instances, log } = dependencies;
  const { everyMs = 250, againMs = 1_000 } = dependencies;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // nobody has to watch it
  const notBefore = new Map<string, number>();
  const signals = new Map<string, number>();
  let stopped = false;
  let wanted = Promise.withResolvers<void>();

  const stopHearing = instances.onExit((exit) => {
    for (const rollout of releases.rollouts()) {
      if (isOver(rollout) || !isCandidate(rollout, exit)) continue;
      if (exit.code === undefined) {
        const count = (signals.get(rollout.rolloutId) ?? 0) + 1;
        signals.set(rollout.rolloutId, count);
        if (count < MOST_SIGNALS) continue;
      }
      judge.tell(rollout.rolloutId, { kind: "crashed", id: `${exit.name}:${exit.at.getTime()}` });
    }
    wanted.resolve();
  });
  const stopReading = releases.onEntry((rolloutId, { body }) => {
    const rollout = releases.rollout(rolloutId);
    if (rollout && body?.$case === "push" && body.value.traffic) {
      judge.tell(rolloutId, weightFact(rollout, body.value.traffic));
    }
  });

  async function turn(rollout: Rollout): Promise<void> {
    const { rolloutId } = rollout;
    if (performance.now() < (notBefore.get(rolloutId) ?? 0)) return;
    try {
      // Before the first stage there is no candidate to be asked.
      if (!isOver(rollout) && rollout.currentStage > 0) await watch(rollout);
      await engine.tend(rolloutId);
      if (releases.rollout(rolloutId)?.cleanedUp) await judge.forget(rolloutId);
    } catch (cause) {
      const error = MeshError.from(cause);
      if (error.code === "ABORTED") failure.reject(error);
      log.warn({ err: error.cause ?? error, rollout: rolloutId }, "a rollout has to wait");
      notBefore.set(rolloutId, performance.now() + againMs);
    }
  }

  async function watch(rollout: Rollout): Promise<void> {
    const { rolloutId } = rollout;
    const isNew = await judge.watch(rollout, () => releases.traffics(rolloutId));
    if (!isNew) return;
    for (const traffic of releases.traffics(rolloutId)) {
      judge.tell(rolloutId, weightFact(rollout, traffic));
    }
  }

  const running = (async () => {
    while (!stopped) {
      wanted = Promise.withResolvers();
      const open = releases.rollouts().filter(({ cleanedUp }) => !cleanedUp);
      await Promise.all(open.map(turn));
      const timer = setTimeout(() => wanted.resolve(), everyMs);
      await wanted.promise;
      clearTimeout(timer);
    }
  })();

  return {
    wake: () => wanted.resolve(),
    failed: failure.promise,
    async stop() {
      stopped = true;
      wanted.resolve();
      stopHearing();
      stopReading();
      await running;
      await judge.stop();
    },
  };
}

function isCandidate(rollout: Rollout, { service, slot, version }: InstanceExit): boolean {
  return (
    rollout.service === service &&
    slots.some((known) => known === slot) &&
    rollout.candidateSlot === slot &&
    rollout.candidateVersion === version
  );
}
