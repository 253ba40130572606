import type { Operations } from "../operations.ts";
import { CONCENTRATION, countEvidence } from "../statistics/counts.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/** Further ahead nothing is foreseen. */
const MOST_REQUESTS = 100_000;
/** A forecast need not be nearer than this. */
const STEP = 1.1;
const nouns = { errors: "error", slow: "slow answer" } as const;
const gates = { errors: "request errors", slow: "request latency" } as const;

/**
 * Errors, or answers slower than the objective, as counts (Lindon and Malek 2022), the stages' evidence added.
 *
 * FAIL when the candidate has more than its share. A small share cannot certify a small difference, so PASS
 * rests on the candidate alone: for errors, that its rate is shown to be below the hard cap.
 */
export function requestsGate({ plan, look }: Case, of: "errors" | "slow"): Gate {
  const logE = look.strata.reduce((sum, { operations }) => sum + harmEvidence(operations, of), 0);
  const current = look.strata.at(-1)?.operations;
  const requests = current?.requests.candidate ?? 0;
  const events = current?.[of].candidate ?? 0;
  const numbers = {
    requests,
    events,
    baseRequests: current?.requests.base ?? 0,
    baseEvents: current?.[of].base ?? 0,
  };
  const said = `${countText(events, nouns[of])} in ${countText(requests, "request")} to the candidate, ${numbers.baseEvents.toLocaleString("en-US")} in ${numbers.baseRequests.toLocaleString("en-US")} to the live version, in this stage`;
  const rest = { numbers, logE };
  if (logE >= -Math.log(plan.guardAlpha)) {
    return answer(gates[of], Verdict.FAIL, `${said}: more than the candidate's share.`, rest);
  }
  if (requests < plan.leastRequests) {
    return answer(
      gates[of],
      Verdict.CONTINUE,
      `${said}; judged from ${plan.leastRequests} requests.`,
      { ...rest, toPass: { pairs: plan.leastRequests - requests } }, // a trip is a request
    );
  }
  if (of === "errors" && belowCap(events, requests, plan.mostErrors) < -Math.log(plan.alpha)) {
    const because = `${said}; that less than ${percent(plan.mostErrors)} of its answers are errors is not shown yet.`;
    const needed = requestsUntilBelowCap(events / requests, plan);
    const toPass = needed === undefined ? {} : { toPass: { pairs: needed - requests } };
    return answer(gates[of], Verdict.CONTINUE, because, { ...rest, ...toPass });
  }
  return answer(gates[of], Verdict.PASS, `${said}: no more than its share.`, rest);
}

/** Requests at which errors are shown to be below the cap, if their rate stays; undefined when not foreseeable. */
function requestsUntilBelowCap(
  rate: number,
  { mostErrors, alpha }: Case["plan"],
): number | undefined {
  if (rate >= mostErrors) return undefined;
  for (let requests = 20; requests < MOST_REQUESTS; requests = Math.ceil(requests * STEP)) {
    if (belowCap(Math.round(rate * requests), requests, mostErrors) >= -Math.log(alpha)) {
      return requests;
    }
  }
  return undefined;
}

function harmEvidence({ requests, ...counts }: Operations, of: "errors" | "slow"): number {
  const total = requests.candidate + requests.base;
  if (total === 0) return 0;
  return countEvidence(counts[of], requests.candidate / total, "worse", CONCENTRATION);
}

/** The same test of errors among one version's own requests: evidence that they are fewer than `cap`. */
function belowCap(errors: number, requests: number, cap: number): number {
  return countEvidence({ candidate: errors, base: requests - errors }, cap, "better");
}
