import type { Operations } from "../operations.ts";
import { countEvidence, QUICK_CONCENTRATION, shareWithMargin } from "../statistics/counts.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

const GATE = "request latency";

/**
 * Answers later than the objective, the stages' evidence added.
 *
 * They come in bursts: one pause of a process makes every request that it holds late, and a busy machine makes
 * both versions late. So a second is what is counted, not an answer, and only a second in which one version was
 * late and the other was not. FAIL when the candidate is shown to have more of these than its share and the margin,
 * and the objective is missed: more of its answers are late than may be, whatever the live version does.
 */
export function latencyGate({ plan, look }: Case): Gate {
  const logE = look.strata.reduce(
    (sum, { operations }) => sum + harmEvidence(operations, plan.lateMargin),
    0,
  );
  const current = look.strata.at(-1)?.operations;
  const { timed, slow, slowSeconds } = current ?? {};
  const answers = timed?.candidate ?? 0;
  const late = slow?.candidate ?? 0;
  const numbers = {
    requests: answers,
    events: late,
    baseRequests: timed?.base ?? 0,
    baseEvents: slow?.base ?? 0,
    seconds: slowSeconds?.candidate ?? 0,
    baseSeconds: slowSeconds?.base ?? 0,
  };
  const said = `${countText(late, "slow answer")} in ${countText(answers, "answer")} of the candidate, ${numbers.baseEvents.toLocaleString("en-US")} in ${numbers.baseRequests.toLocaleString("en-US")} of the live version, in this stage; only the candidate was slow in ${countText(numbers.seconds, "second")}, only the live version in ${numbers.baseSeconds.toLocaleString("en-US")}`;
  const rest = { numbers, logE };
  if (answers < plan.leastRequests) {
    const because = `${said}; judged from ${plan.leastRequests} answers.`;
    return answer(GATE, Verdict.CONTINUE, because, {
      ...rest,
      toPass: { pairs: plan.leastRequests - answers },
    });
  }
  const isWorse = logE >= -Math.log(plan.guardAlpha);
  if (isWorse && late / answers > plan.mostLate) {
    return answer(GATE, Verdict.FAIL, `${said}: more than the candidate's share.`, rest);
  }
  const because = isWorse
    ? `${said}: more than its share, within the ${percent(plan.mostLate)} that may be.`
    : `${said}: no more than its share.`;
  return answer(GATE, Verdict.PASS, because, rest);
}

/**
 * The candidate's share of such seconds, if both versions are equally often slow, is at most its share of the
 * answers, or a half where it has fewer: the chance of a slow second grows with the number of answers in it, and
 * ever less.
 */
function harmEvidence({ timed, slowSeconds }: Operations, margin: number): number {
  const total = timed.candidate + timed.base;
  if (total === 0) return 0;
  const share = Math.max(0.5, timed.candidate / total);
  const expected = shareWithMargin(share, margin);
  return countEvidence(slowSeconds, expected, "worse", QUICK_CONCENTRATION);
}
