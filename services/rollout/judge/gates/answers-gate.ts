import { untilMatured } from "../until-hours.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/**
 * Whether the matured trips are there at all: ended, and answered by both versions. A candidate that does not
 * answer, or whose hard trips get lost, would be judged on what is left.
 */
export function answersGate({ plan, look }: Case): Gate {
  const { requested, completed, cancelled, labelled, paired, mismatched } = look.total.matured;
  const { all } = look.total;
  const numbers = {
    requested,
    completed,
    cancelled,
    labelled,
    paired,
    mismatched,
    allRequested: all.requested,
    allLabelled: all.labelled,
    allPaired: all.paired,
  };
  if (requested === 0 || labelled === 0) {
    return answer("answers", Verdict.CONTINUE, "No trip with a truth has matured yet.", {
      numbers,
      toPass: { eventMs: untilMatured(look, plan) },
    });
  }
  const ended = (completed + cancelled) / requested;
  const both = paired / labelled;
  const said = `Of ${countText(requested, "matured trip")} ${percent(ended)} have ended; ${percent(both)} of those with a truth were answered by both versions${mismatched > 0 ? ` (${mismatched} were fed other features)` : ""}`;
  const isEnough = ended >= plan.leastPaired && both >= plan.leastPaired;
  if (isEnough) return answer("answers", Verdict.PASS, `${said}.`, { numbers });
  const because = `${said}; ${percent(plan.leastPaired)} of each are needed.`;
  return answer("answers", Verdict.CONTINUE, because, { numbers });
}
