import type { Operations } from "../operations.ts";
import { countEvidence, QUICK_CONCENTRATION } from "../statistics/counts.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

const GATE = "request errors";
/** Further ahead nothing is foreseen. */
const MOST_REQUESTS = 100_000;
/** A forecast need not be nearer than this. */
const STEP = 1.1;

/**
 * Errors as counts (Lindon and Malek 2022), the stages' evidence added.
 *
 * FAIL when the candidate has more than its share. A small share cannot certify a small difference, so PASS
 * rests on the candidate alone: that its rate is shown to be below the hard cap.
 */
export function errorsGate({ plan, look }: Case): Gate {
  const logE = look.strata.reduce((sum, { operations }) => sum + harmEvidence(operations), 0);
  const current = look.strata.at(-1)?.operations;
  const requests = current?.requests.candidate ?? 0;
  const errors = current?.errors.candidate ?? 0;
  const numbers = {
    requests,
    events: errors,
    baseRequests: current?.requests.base ?? 0,
    baseEvents: current?.errors.base ?? 0,
  };
  const said = `${countText(errors, "error")} in ${countText(requests, "request")} to the candidate, ${numbers.baseEvents.toLocaleString("en-US")} in ${numbers.baseRequests.toLocaleString("en-US")} to the live version, in this stage`;
  const rest = { numbers, logE };
  if (requests < plan.leastRequests) {
    const because = `${said}; judged from ${plan.leastRequests} requests.`;
    // A trip is a request: what it is not asked live it is asked in hindsight.
    const toPass = { pairs: plan.leastRequests - requests };
    return answer(GATE, Verdict.CONTINUE, because, { ...rest, toPass });
  }
  if (logE >= -Math.log(plan.guardAlpha)) {
    return answer(GATE, Verdict.FAIL, `${said}: more than the candidate's share.`, rest);
  }
  if (belowCap(errors, requests, plan.mostErrors) < -Math.log(plan.alpha)) {
    const because = `${said}; that less than ${percent(plan.mostErrors)} of its answers are errors is not shown yet.`;
    const needed = requestsUntilBelowCap(errors / requests, plan);
    const toPass = needed === undefined ? {} : { toPass: { pairs: needed - requests } };
    return answer(GATE, Verdict.CONTINUE, because, { ...rest, ...toPass });
  }
  return answer(GATE, Verdict.PASS, `${said}: no more than its share.`, rest);
}

/** Requests at which errors are shown to be below the cap, if their rate stays; undefined when not foreseeable. */
function requestsUntilBelowCap(
  rate: number,
  { mostErrors, alpha }: Case["plan"],
): number | undefined {
  for (let requests = 20; requests < MOST_REQUESTS; requests = Math.ceil(requests * STEP)) {
    if (belowCap(Math.round(rate * requests), requests, mostErrors) >= -Math.log(alpha)) {
      return requests;
    }
  }
  return undefined;
}

function harmEvidence({ requests, errors }: Operations): number {
  const total = requests.candidate + requests.base;
  if (total === 0) return 0;
  return countEvidence(errors, requests.candidate / total, "worse", QUICK_CONCENTRATION);
}

/** The same test of errors among one version's own requests: evidence that they are fewer than `cap`. */
function belowCap(errors: number, requests: number, cap: number): number {
  return countEvidence({ candidate: errors, base: requests - errors }, cap, "better");
}
