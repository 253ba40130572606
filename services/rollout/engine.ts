// Takes rollouts through their stages: makes the world as the log says, looks at the evidence, decides, writes
// the decision down, and begins again. Everything it does may be done twice.
import {
  type GateResult,
  type Rollout,
  RolloutState,
  Strategy,
  Verdict,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Instances } from "#kit/instances/instances.ts";
import { toSeconds } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import { createDecide } from "./decide.ts";
import { isIdle, otherSlot, slotOf } from "./desired-traffic.ts";
import type { Candidate } from "./golden.ts";
import type { Judge, Look } from "./judge.ts";
import type { ReleaseLog } from "./release-log.ts";
import { createRolling } from "./rolling.ts";
import type { SlotProblem } from "./slot-problem.ts";
import { deadlineCountsFrom, endedAt, isOver } from "./state.ts";
import type { TrafficControl } from "./traffic-control.ts";

export interface EngineDependencies {
  readonly releases: ReleaseLog;
  readonly traffic: TrafficControl;
  readonly instances: Instances;
  readonly judge: Judge;
  /** Asks a deployed candidate what is known to have a sane answer; fails with what is wrong. */
  readonly golden: (candidate: Candidate) => Promise<void>;
  /** Why a slot should get no weight; undefined: it may. */
  readonly slotProblem: SlotProblem;
  /** Keys of a service's traffic that somebody has set by hand in Envoy, where they hide what is pushed. */
  readonly overridesOf?: (service: string) => readonly string[];
  /** How long the slot that is not needed any more stays warm, for a way back, ms. Default 60 000. */
  readonly keepWarmMs?: number;
  readonly now?: () => Date;
  readonly log: Logger;
}

export interface Engine {
  /** Does what there is to do for one rollout; nothing when there is nothing. One at a time a rollout. */
  tend(rolloutId: string): Promise<void>;
}

/** For so long a supervisor, Envoy or candidate that does not answer is waited for before a person is asked. */
const DEPLOY_WITHIN_MS = 600_000;
/** Gates that go to and fro are written down no more often: the log is kept for a year. */
const LOOK_EVERY_MS = 10_000;

export function createEngine(dependencies: EngineDependencies): Engine {
  const { releases, traffic, instances, judge, golden, slotProblem, log } = dependencies;
  const { overridesOf = () => [], keepWarmMs = 60_000, now = () => new Date() } = dependencies;
  const busy = new Map<string, Promise<void>>();
  const lookedAt = new Map<string, number>();
  const decide = createDecide({ releases, traffic, now, log });
  const rolling = createRolling({ releases, instances, judge, decide, now });

  async function tendOnce(rolloutId: string): Promise<void> {
    const rollout = releases.rollout(rolloutId);
    if (!rollout || rollout.cleanedUp) return;
    if (isOver(rollout)) return finish(rollout);
    if (rollout.currentStage === 0) return deploy(rollout);
    if (!(await isThere(rollout))) return;
    await traffic.apply(rollout);
    if (rollout.strategy === Strategy.ROLLING) return rolling.replaceNext(rollout);
    await look(rollout);
  }

  /** Before the first stage: the candidate has to be there, and sane. */
  async function deploy(rollout: Rollout): Promise<void> {
    if (rollout.state !== RolloutState.RUNNING) return;
    const isRolling = rollout.strategy === Strategy.ROLLING;
    if (!isRolling && !(await place(rollout))) return;
    const why = isRolling
      ? "the processes are replaced one by one"
      : "the candidate serves and answers sanely";
    await decide(rollout, { what: "advance", state: RolloutState.RUNNING, stage: 1, why });
  }

  /**
   * A process that was killed between a decision and the bucket may find a mesh that was started again without
   * the candidate: weight is given to nobody who is not there.
   */
  async function isThere(rollout: Rollout): Promise<boolean> {
    const { service, slot, version } = candidateOf(rollout);
    if (slotOf(traffic.of(service), slot).version === version) return true;
    return rollout.strategy === Strategy.ROLLING || place(rollout);
  }

  /** Deploys and asks; false when there is nothing more to do for the rollout as it was. */
  async function place(rollout: Rollout): Promise<boolean> {
    const candidate = candidateOf(rollout);
    const { service, slot, version } = candidate;
    try {
      return await whileWanted(rollout, async () => {
        await instances.deploy({ service, slot, version });
        await golden(candidate);
      });
    } catch (cause) {
      const { code, message } = MeshError.from(cause);
      const { currentStage: stage } = rollout;
      if (isOver(rollout)) throw cause; // an end is final: again
      if (code !== "UNAVAILABLE" && code !== "DEADLINE_EXCEEDED") {
        log.warn({ err: cause, rollout: rollout.rolloutId }, "the candidate cannot be deployed");
        const why = `the candidate did not start: ${message}`;
        await decide(rollout, { what: "abort", state: RolloutState.ABORTED, stage, why });
        return false;
      }
      const sinceMs = deadlineCountsFrom(rollout)?.getTime() ?? 0;
      if (rollout.state !== RolloutState.RUNNING || now().getTime() - sinceMs < DEPLOY_WITHIN_MS) {
        throw cause; // nobody there: again
      }
      const why = `the candidate could not be deployed for ${DEPLOY_WITHIN_MS / 60_000} minutes: ${message}`;
      await decide(rollout, { what: "hold", state: RolloutState.HELD, stage, why });
      return false;
    }
  }

  /** An abort does not wait for a deployment: retiring the slot gives it up. False when that has come. */
  async function whileWanted(rollout: Rollout, work: () => Promise<void>): Promise<boolean> {
    const ended = Promise.withResolvers<false>();
    const look = () => {
      const current = releases.rollout(rollout.rolloutId);
      if (current && isOver(current) && !isOver(rollout)) ended.resolve(false);
    };
    const stop = releases.onEntry(look);
    look();
    try {
      const done = work().then(() => true);
      done.catch(() => undefined); // after an abort nobody asks how it ended
      return await Promise.race([done, ended.promise]);
    } finally {
      stop();
    }
  }

  async function look(rollout: Rollout): Promise<void> {
    const { verdict, because, gates } = await withSlot(rollout, judge.look(rollout, now()));
    await note(rollout, verdict, gates);
    const stage = rollout.currentStage;
    const blocked = overridesOf(rollout.service).join(", ");
    const why =
      blocked === ""
        ? because
        : `${because} Blocked by override: ${blocked} is set by hand in Envoy.`;
    if (verdict === Verdict.FAIL) {
      if (blocked !== "") {
        log.error({ rollout: rollout.rolloutId, blocked }, "weight 0 is blocked by override");
      }
      await decide(rollout, { what: "abort", state: RolloutState.ABORTED, stage, why, gates });
    } else if (rollout.state !== RolloutState.RUNNING) {
      return; // a person has the word
    } else if (blocked !== "" || verdict === Verdict.HOLD) {
      // What is pushed is not what riders get: nothing goes on by itself.
      await decide(rollout, { what: "hold", state: RolloutState.HELD, stage, why, gates });
    } else if (verdict === Verdict.PASS) {
      await advance(rollout, why, gates);
    }
  }

  /** However good the evidence: no more riders for a slot that is not well. It has until the stage's deadline. */
  async function withSlot(rollout: Rollout, look: Look): Promise<Look> {
    const { stages, currentStage } = rollout;
    const [stage, next] = stages.slice(currentStage - 1);
    if (look.verdict !== Verdict.PASS || !stage || !next || next.weight <= stage.weight)
      return look;
    const { service, slot } = candidateOf(rollout);
    const problem = await slotProblem(service, slot);
    if (problem === undefined) return look;
    const untilMs =
      (deadlineCountsFrom(rollout)?.getTime() ?? 0) + toSeconds(stage.deadline) * 1000;
    const isLate = now().getTime() >= untilMs;
    const because = `${problem}: no more weight for it${isLate ? " by the deadline" : ""}.`;
    const verdict = isLate ? Verdict.HOLD : Verdict.CONTINUE;
    const gate: GateResult = { gate: "candidate's slot", verdict, because, numbers: {} };
    return { verdict, because, gates: [...look.gates, gate] };
  }

  /** Writes down what has changed; a decision carries its evidence in any case. */
  async function note(rollout: Rollout, verdict: Verdict, gates: GateResult[]): Promise<void> {
    const { rolloutId, currentStage: stage } = rollout;
    if (verdict === rollout.verdict && !gatesChanged(rollout.gates, gates)) return;
    const ms = now().getTime();
    if (ms - (lookedAt.get(rolloutId) ?? 0) < LOOK_EVERY_MS && verdict !== Verdict.FAIL) return;
    lookedAt.set(rolloutId, ms);
    await releases.append(rolloutId, { $case: "look", value: { verdict, gates, stage } });
  }

  async function advance(rollout: Rollout, why: string, gates: GateResult[]): Promise<void> {
    const { currentStage: stage } = rollout;
    if (stage < rollout.stages.length) {
      const next = { state: RolloutState.RUNNING, stage: stage + 1 };
      await decide(rollout, { what: "advance", ...next, why, gates });
    } else if (endsWithAPerson(rollout)) {
      const choice = `${why} What follows from it is for a person to say.`;
      await decide(rollout, { what: "hold", state: RolloutState.HELD, stage, why: choice, gates });
    } else {
      await decide(rollout, { what: "promote", state: RolloutState.PROMOTED, stage, why, gates });
    }
  }

  /** After the end: traffic first, then, when nobody may want to go back any more, the slot is emptied. */
  async function finish(rollout: Rollout): Promise<void> {
    lookedAt.delete(rollout.rolloutId);
    const { service, slot: candidateSlot, version } = candidateOf(rollout);
    const isPromoted = rollout.state === RolloutState.PROMOTED;
    if (isPromoted && traffic.follows(rollout) && !(await isThere(rollout))) return;
    await traffic.apply(rollout);
    if (rollout.strategy === Strategy.ROLLING) return rolling.finish(rollout);
    const waitMs = keepWarmMs - (now().getTime() - (endedAt(rollout)?.getTime() ?? 0));
    if (isPromoted && waitMs > 0) return;
    // A person may have gone back to the old version meanwhile, or share riders still: then it is not idle.
    const slot = [isPromoted ? otherSlot(candidateSlot) : candidateSlot, candidateSlot].find(
      (one) => isIdle(slotOf(traffic.of(service), one)),
    );
    if (!slot) return;
    const gone = slot === candidateSlot ? version : rollout.liveVersion;
    await traffic.forget(rollout, slot); // first, or a restarted mesh would start it again
    await instances.retire({ service, slot });
    await releases.append(rollout.rolloutId, {
      $case: "cleanUp",
      value: { slot, version: gone },
    });
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

function candidateOf(rollout: Rollout): Candidate {
  return {
    service: rollout.service as ModelService,
    slot: rollout.candidateSlot as Slot,
    version: rollout.candidateVersion,
    digest: rollout.candidateDigest,
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
