import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import type { InstanceExit, Instances } from "#kit/instances/instances.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { type ModelService, slots } from "#kit/traffic/traffic.ts";
import type { Deaths } from "./deaths.ts";
import type { Engine } from "./engine.ts";
import { type EvidenceJudge, weightFact } from "./evidence-judge.ts";
import { ForeignWriter, type ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";
import type { TrafficControl } from "./traffic-control.ts";

export interface RunnerDependencies {
  readonly releases: ReleaseLog;
  readonly engine: Engine;
  readonly judge: EvidenceJudge;
  readonly traffic: Pick<TrafficControl, "of" | "onStored">;
  readonly instances: Instances;
  readonly deaths: Deaths;
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

const STOP_WITHIN_MS = 300;

/** Tends every rollout that is not cleaned up, for as long as the process lives. */
export function startRunner(dependencies: RunnerDependencies): Runner {
  const { releases, engine, judge, traffic, instances, deaths, log } = dependencies;
  const { everyMs = 250, againMs = 1_000 } = dependencies;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // nobody has to watch it
  const notBefore = new Map<string, number>();
  let stopped = false;
  let wanted = Promise.withResolvers<void>();

  const stopHearing = instances.onExit((exit) => {
    for (const rollout of releases.rollouts()) {
      if (isOver(rollout) || !isCandidate(rollout, exit)) continue;
      if (!deaths.isFault(rollout, exit)) continue;
      judge.tell(rollout.rolloutId, { kind: "crashed", id: `${exit.name}:${exit.at.getTime()}` });
    }
    wanted.resolve();
  });
  // Before Envoy hears of it, so that the judge knows a weight before the trips that were shared by it.
  const stopReading = traffic.onStored((stored) => {
    for (const rollout of releases.rollouts()) {
      if (isOver(rollout) || rollout.service !== stored.service) continue;
      judge.tell(rollout.rolloutId, weightFact(rollout, stored));
    }
  });

  /** Also what the bucket holds and the log does not yet. */
  function trafficsOf({ rolloutId, service, currentStage }: Rollout): readonly Traffic[] {
    const logged = releases.traffics(rolloutId);
    const now = traffic.of(service as ModelService);
    const isNews = now.revision > (logged.at(-1)?.revision ?? 0n);
    return currentStage > 0 && isNews ? [...logged, now] : logged;
  }

  async function turn(rollout: Rollout): Promise<void> {
    const { rolloutId } = rollout;
    if (performance.now() < (notBefore.get(rolloutId) ?? 0)) return;
    try {
      const now = () => releases.rollout(rolloutId) ?? rollout;
      // Before the first stage there is no candidate to be asked, and after the end nothing to be known.
      if (isOver(rollout)) await judge.forget(rolloutId);
      else if (rollout.currentStage > 0) {
        judge.watch({ rollout: now, traffics: () => trafficsOf(now()) });
      }
      await engine.tend(rolloutId);
      notBefore.delete(rolloutId);
    } catch (cause) {
      if (cause instanceof ForeignWriter) failure.reject(cause);
      const error = MeshError.from(cause);
      log.warn({ err: error.cause ?? error, rollout: rolloutId }, "a rollout has to wait");
      notBefore.set(rolloutId, performance.now() + againMs);
    }
  }

  /** One that has to wait (for a process to start, say) keeps nobody else waiting. */
  const turning = new Map<string, Promise<void>>();
  function turnAll(): void {
    for (const rollout of releases.rollouts()) {
      const { rolloutId, cleanedUp } = rollout;
      if (cleanedUp || turning.has(rolloutId)) continue;
      const done = turn(rollout).finally(() => turning.delete(rolloutId));
      turning.set(rolloutId, done);
    }
  }

  const running = (async () => {
    while (!stopped) {
      wanted = Promise.withResolvers();
      turnAll();
      const timer = setTimeout(() => wanted.resolve(), everyMs);
      await wanted.promise;
      clearTimeout(timer);
    }
    // What takes longer is done again after the next start.
    await Promise.race([Promise.all(turning.values()), sleep(STOP_WITHIN_MS)]);
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
      await Promise.race([judge.stop(), sleep(STOP_WITHIN_MS)]);
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
