import { type Counts, countEvidence, QUICK_CONCENTRATION } from "../statistics/counts.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/** What no statistics are needed for: a crash, an answer that is no number, other bits, too many errors. */
export function capsGate({ plan, look, crashes, noNumber, parity }: Case): Gate {
  const current = look.strata.at(-1)?.operations;
  const requests = current?.requests.candidate ?? 0;
  const errors = current?.errors.candidate ?? 0;
  const errorShare = requests === 0 ? 0 : errors / requests;
  const numbers = {
    crashes,
    noNumber,
    parity: parity.candidate,
    baseParity: parity.base,
    errorShare,
  };
  // Shown, not seen: in a shadow's first second two time-outs may be a tenth of all answers.
  const isErring =
    requests >= plan.leastRequests &&
    isAbove({ candidate: errors, base: requests - errors }, plan.mostErrors, plan.guardAlpha);
  const broken = [
    crashes > 0 && `the candidate crashed ${times(crashes)}`,
    noNumber > 0 &&
      `${countText(noNumber, "answer")} of the candidate ${noNumber === 1 ? "is" : "are"} no number`,
    parity.candidate > 0 &&
      `the candidate answered the same features with other bits, ${times(parity.candidate)}`,
    isErring &&
      `${percent(errorShare)} of the candidate's ${countText(requests, "answer")} were errors, above ${percent(plan.mostErrors)}`,
  ].filter((text) => text !== false);
  if (broken.length > 0) {
    return answer("hard caps", Verdict.FAIL, `${sentenceOf(broken)}.`, { numbers });
  }
  if (parity.base > 0) {
    const because = `The live version answered the same features with other bits, ${times(parity.base)}: there is nothing sound to compare with.`;
    return answer("hard caps", Verdict.HOLD, because, { numbers });
  }
  const because = "No crash, no answer that is no number, no other bits for the same features.";
  return answer("hard caps", Verdict.PASS, because, { numbers });
}

function isAbove(counts: Counts, cap: number, alpha: number): boolean {
  return countEvidence(counts, cap, "worse", QUICK_CONCENTRATION) >= -Math.log(alpha);
}

function times(count: number): string {
  return count === 1 ? "once" : `${count.toLocaleString("en-US")} times`;
}

function sentenceOf(parts: readonly string[]): string {
  const text = parts.join("; ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
