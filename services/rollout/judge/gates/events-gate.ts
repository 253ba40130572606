import { countEvidence, QUICK_CONCENTRATION } from "../statistics/counts.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

const GATE = "events";

/** One incident, such as a death of the event stream, gives events again for a second or two, and to one slot alone. */
const LEAST_SECONDS = 10;

/**
 * Events that a consumer was given again, because it failed, took too long or died, and those that it gave up (dead
 * letters). Consumers of both slots see every event, so the live version's are the measure; in a rolling release
 * there is no other slot, and only an absolute share is left. Dead letters are the hard caps' as well.
 *
 * Redeliveries come in bursts: what a server had not yet written when it was killed is given again, all at once. So
 * what is counted are seconds with any, and only those of one version alone.
 *
 * It can fail a candidate and is not needed to pass one: nobody waits for an event, and a lost answer is missed by the
 * gate of answers.
 */
export function eventsGate({ plan, look }: Case): Gate {
  const limit = -Math.log(plan.guardAlpha);
  const all = look.strata.map(({ operations: { requests, errors, redeliveredSeconds } }) => ({
    requests,
    failed: {
      candidate: errors.candidate + redeliveredSeconds.candidate,
      base: errors.base + redeliveredSeconds.base,
    },
  }));
  const logE = all.reduce((sum, { requests, failed }) => {
    const total = requests.candidate + requests.base;
    if (total === 0) return sum;
    const share = requests.candidate / total;
    return sum + countEvidence(failed, share, "worse", QUICK_CONCENTRATION);
  }, 0);
  const current = look.strata.at(-1)?.operations;
  const events = current?.requests.candidate ?? 0;
  const again = current?.redelivered.candidate ?? 0;
  const dead = current?.errors.candidate ?? 0;
  const seconds = current?.redeliveredSeconds.candidate ?? 0;
  const numbers = {
    requests: events,
    events: again + dead,
    baseRequests: current?.requests.base ?? 0,
    baseEvents: (current?.redelivered.base ?? 0) + (current?.errors.base ?? 0),
    seconds,
    baseSeconds: current?.redeliveredSeconds.base ?? 0,
  };
  const said = `${countText(again, "redelivery", "redeliveries")} and ${countText(dead, "dead letter")} in ${countText(events, "event")} of the candidate, ${numbers.baseEvents.toLocaleString("en-US")} in ${numbers.baseRequests.toLocaleString("en-US")} of the live version, in this stage; only the candidate was given some again in ${countText(seconds, "second")}, only the live version in ${numbers.baseSeconds.toLocaleString("en-US")}`;
  const rest = { numbers, logE, isRequired: false };
  if (events < plan.leastRequests) {
    const because = `${said}; judged from ${plan.leastRequests} events.`;
    return answer(GATE, Verdict.CONTINUE, because, rest);
  }
  if (logE >= limit) {
    return answer(GATE, Verdict.FAIL, `${said}: more than the candidate's share.`, rest);
  }
  const counts = { candidate: again, base: Math.max(0, events - again) };
  const isMost = countEvidence(counts, plan.mostRedelivered, "worse", QUICK_CONCENTRATION) >= limit;
  if (isMost && seconds >= LEAST_SECONDS) {
    const because = `${said}: more than ${percent(plan.mostRedelivered)} were given to it again.`;
    return answer(GATE, Verdict.FAIL, because, rest);
  }
  return answer(GATE, Verdict.PASS, `${said}: no more than its share.`, rest);
}
