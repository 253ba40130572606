import { untilHours } from "../until-hours.ts";
import { answer, type Case, countText, type Gate, Verdict } from "./gate.ts";

const MINUTE_MS = 60_000;

/** Each hour of the day once in the rollout: consecutive trips are no sample of a day. */
export function hoursGate({ plan, look }: Case): Gate {
  const isEnough = look.hours >= plan.leastHours;
  const because = `Matured trips of ${countText(look.hours, "different hour")} of the day, of ${plan.leastHours} needed.`;
  return answer("hours of the day", isEnough ? Verdict.PASS : Verdict.CONTINUE, because, {
    numbers: { hours: look.hours, hoursNeeded: plan.leastHours },
    toPass: { eventMs: untilHours(look, plan) },
  });
}

/** The shortest stay in the stage, in event time. */
export function bakeGate({ look, stage }: Case): Gate {
  const bakedMs = Math.max(0, look.nowMs - stage.sinceMs);
  const because = `${minutes(bakedMs)} of ${minutes(stage.bakeMs)} of event time in this stage.`;
  const isDone = look.nowMs - stage.sinceMs >= stage.bakeMs;
  return answer("bake time", isDone ? Verdict.PASS : Verdict.CONTINUE, because, {
    numbers: { bakedMs, bakeMs: stage.bakeMs },
    toPass: { eventMs: Math.max(0, stage.bakeMs - bakedMs) },
  });
}

function minutes(ms: number): string {
  return countText(Math.floor(ms / MINUTE_MS), "minute");
}
