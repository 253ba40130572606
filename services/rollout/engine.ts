// Takes rollouts through their stages: makes the world as the log says, looks at the evidence, decides, writes
// the decision down, and begins again. Everything it does may be done twice.
import {
  type Decision,
  type GateResult,
  type Rollout,
  RolloutState,
  Strategy,
  Verdict,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Instances } from "#kit/instances/instances.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import { otherSlot } from "./desired-traffic.ts";
import type { Judge } from "./judge.ts";
import type { ReleaseLog } from "./release-log.ts";
import { isOver } from "./state.ts";
import type { TrafficControl } from "./traffic-control.ts";

export interface EngineDependencies {
  readonly releases: ReleaseLog;
  readonly traffic: TrafficControl;
  readonly instances: Instances;
  readonly judge: Judge;
  /** Asks a deployed candidate what is known to have a sane answer; fails with what is wrong. */
  readonly golden: (service: ModelService, slot: Slot, version: string) => Promise<void>;
  /** How long the slot that is not needed any more stays warm, for a way back, ms. Default 60 000. */
  readonly keepWarmMs?: number;
  readonly now?: () => Date;
  readonly log: Logger;
}

/** Who decided, when nobody did. */
export const JUDGE = "judge";

export interface Engine {
  /** Does what there is to do for one rollout; nothing when there is nothing. One at a time a rollout. */
  tend(rolloutId: string): Promise<void>;
}

export function createEngine(dependencies: EngineDependencies): Engine {
  const { releases, traffic, instances, judge, golden, log } = dependencies;
  const { keepWarmMs = 60_000, now = () => new Date() } = dependencies;
  const busy = new Map<string, Promise<void>>();

  async function tendOnce(rolloutId: string): Promise<void> {
    const rollout = releases.rollout(rolloutId);
    if (!rollout || rollout.cleanedUp) return;
    if (isOver(rollout)) return finish(rollout);
    if (rollout.currentStage === 0) return deploy(rollout);
    await traffic.apply(rollout);
    if (rollout.strategy === Strategy.ROLLING) return replaceNext(rollout);
    await look(rollout);
  }

  /** Before the first stage: the candidate has to be there, and sane. */
  async function deploy(rollout: Rollout): Promise<void> {
    if (rollout.state !== RolloutState.RUNNING) return;
    const { service, slot, version } = candidateOf(rollout);
    if (rollout.strategy !== Strategy.ROLLING) {
      try {
        await instances.deploy({ service, slot, version });
        await golden(service, slot, version);
      } catch (cause) {
        const { code, message } = MeshError.from(cause);
        if (code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED") throw cause; // nobody there: again
        log.warn({ err: cause, rollout: rollout.rolloutId }, "the candidate cannot be deployed");
        await decide(
          rollout,
          "abort",
          RolloutState.ABORTED,
          0,
          `the candidate did not start: ${message}`,
        );
        return;
      }
    }
    await decide(
      rollout,
      "advance",
      RolloutState.RUNNING,
      1,
      "the candidate serves and answers sanely",
    );
  }

  async function look(rollout: Rollout): Promise<void> {
    const { verdict, because, gates } = judge.look(rollout, now());
    if (verdict !== rollout.verdict || gatesChanged(rollout.gates, gates)) {
      await releases.append(rollout.rolloutId, {
        $case: "look",
        value: { verdict, gates, stage: rollout.currentStage },
      });
    }
    const stage = rollout.currentStage;
    if (verdict === Verdict.FAIL) {
      await decide(rollout, "abort", RolloutState.ABORTED, stage, because, gates);
    } else if (rollout.state !== RolloutState.RUNNING) {
      return; // a person has the word
    } else if (verdict === Verdict.PASS) {
      await advance(rollout, because, gates);
    } else if (verdict === Verdict.HOLD) {
      await decide(rollout, "hold", RolloutState.HELD, stage, because, gates);
    }
  }

  async function advance(
    rollout: Rollout,
    why: string,
    gates: readonly GateResult[],
  ): Promise<void> {
    const { currentStage: stage } = rollout;
    if (stage < rollout.stages.length) {
      await decide(rollout, "advance", RolloutState.RUNNING, stage + 1, why, gates);
    } else if (endsWithAPerson(rollout)) {
      const choice = `${why} What follows from it is for a person to say.`;
      await decide(rollout, "hold", RolloutState.HELD, stage, choice, gates);
    } else {
      await decide(rollout, "promote", RolloutState.PROMOTED, stage, why, gates);
    }
  }

  /** A rolling release: one process after the other, each with time to show that it works. */
  async function replaceNext(rollout: Rollout): Promise<void> {
    if (rollout.state !== RolloutState.RUNNING) return;
    const { service, slot, version } = candidateOf(rollout);
    const mine = (await instances.list()).filter(
      (one) => one.service === service && one.slot === slot,
    );
    const old = mine.find((one) => one.version !== version);
    const { verdict, because, gates } = judge.look(rollout, now());
    if (verdict === Verdict.FAIL) {
      await decide(rollout, "abort", RolloutState.ABORTED, rollout.currentStage, because, gates);
      return;
    }
    if (!old) {
      await decide(
        rollout,
        "promote",
        RolloutState.PROMOTED,
        rollout.currentStage,
        `all ${mine.length} processes are ${version}`,
        gates,
      );
      return;
    }
    try {
      await instances.replace({ service, slot, index: old.index }, version);
    } catch (cause) {
      const { code, message } = MeshError.from(cause);
      if (code === "UNAVAILABLE" || code === "DEADLINE_EXCEEDED") throw cause;
      await decide(
        rollout,
        "abort",
        RolloutState.ABORTED,
        rollout.currentStage,
        `${old.name} cannot be replaced: ${message}`,
      );
    }
  }

  /** After the end: traffic first, then, when nobody may want to go back any more, the slot is emptied. */
  async function finish(rollout: Rollout): Promise<void> {
    await traffic.apply(rollout);
    if (rollout.strategy === Strategy.ROLLING) return finishRolling(rollout);
    const endedAt = rollout.decisions.at(-1)?.time?.getTime() ?? 0;
    const isPromoted = rollout.state === RolloutState.PROMOTED;
    if (isPromoted && now().getTime() - endedAt < keepWarmMs) return;
    const { service, slot: candidateSlot } = candidateOf(rollout);
    const slot = isPromoted ? otherSlot(candidateSlot) : candidateSlot;
    const version = isPromoted ? rollout.liveVersion : rollout.candidateVersion;
    await traffic.forget(service, slot); // first, or a restarted mesh would start it again
    await instances.retire({ service, slot });
    await releases.append(rollout.rolloutId, { $case: "cleanUp", value: { slot, version } });
  }

  /** Every process has to be of the version that the rollout ended with. */
  async function finishRolling(rollout: Rollout): Promise<void> {
    const { service, slot } = candidateOf(rollout);
    const isPromoted = rollout.state === RolloutState.PROMOTED;
    const version = isPromoted ? rollout.candidateVersion : rollout.liveVersion;
    for (const one of await instances.list()) {
      if (one.service !== service || one.slot !== slot || one.version === version) continue;
      await instances.replace({ service, slot, index: one.index }, version);
    }
    const gone = isPromoted ? rollout.liveVersion : rollout.candidateVersion;
    await releases.append(rollout.rolloutId, { $case: "cleanUp", value: { slot, version: gone } });
  }

  async function decide(
    rollout: Rollout,
    what: string,
    state: RolloutState,
    stage: number,
    why: string,
    evidence: readonly GateResult[] = [],
  ): Promise<void> {
    const value: Decision = {
      time: now(),
      who: JUDGE,
      what,
      why,
      evidence: [...evidence],
      state,
      stage,
    };
    const after = await releases.append(rollout.rolloutId, { $case: "decision", value });
    log.info({ rollout: rollout.rolloutId, what, stage, why }, "decided");
    // What protects riders does not wait for the next turn.
    if (after) await traffic.apply(after);
  }

  return {
    async tend(rolloutId) {
      const before = busy.get(rolloutId);
      if (before) return before;
      const work = tendOnce(rolloutId).finally(() => busy.delete(rolloutId));
      busy.set(rolloutId, work);
      return work;
    },
  };
}

function candidateOf({ service, candidateSlot, candidateVersion }: Rollout) {
  return {
    service: service as ModelService,
    slot: candidateSlot as Slot,
    version: candidateVersion,
  };
}

/** A shadow and an A/B answer a question; what follows from it is for a person to say. */
function endsWithAPerson({ strategy }: Rollout): boolean {
  return strategy === Strategy.SHADOW || strategy === Strategy.AB;
}

function gatesChanged(before: readonly GateResult[], after: readonly GateResult[]): boolean {
  return (
    before.length !== after.length ||
    after.some(({ gate, verdict }, i) => before[i]?.gate !== gate || before[i]?.verdict !== verdict)
  );
}
