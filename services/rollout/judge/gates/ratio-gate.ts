import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { type Point, points } from "../riders.ts";
import { pValue } from "../statistics/peak.ts";
import { mixedRatioEvidence } from "../statistics/sample-ratio.ts";
import { answer, type Case, countText, type Gate, percent, Verdict } from "./gate.ts";

/** Riders before which "the ratio is right" would be said of nothing. */
const LEAST_RIDERS = 100;

const meanings: Readonly<Record<Point, string>> = {
  assigned: "riders are not shared out as the weight says",
  served: "riders do not get their answer from the arm that they were given",
  labelled:
    "the arms do not finish trips alike, or truths get lost, so their errors cannot be compared",
};

/**
 * Sample ratio by riders in the current stratum, at each of the three points. A wrong ratio does not say that
 * the candidate is worse; it says that the comparison is broken, so a person is asked.
 *
 * Undefined where there is nothing to compare: all riders in one arm, or shared by segment.
 */
export function ratioGate({ plan, look }: Case): Gate | undefined {
  const weight = look.strata.at(-1)?.candidateWeight ?? 0;
  if (plan.assignment === "segment" || weight <= 0 || weight >= TOTAL_WEIGHT) return undefined;
  const share = weight / TOTAL_WEIGHT;
  const limit = -Math.log(plan.guardAlpha);
  const found = points.map((point) => {
    const { candidate, base } = look.riders[point];
    return {
      point,
      candidate,
      base,
      logE: mixedRatioEvidence([candidate, base], [share, 1 - share]),
    };
  });
  const numbers = Object.fromEntries(
    found.flatMap(({ point, candidate, base, logE }) => [
      [`${point}Candidate`, candidate],
      [`${point}Base`, base],
      [`${point}P`, pValue(logE)],
    ]),
  );
  const wrong = found.find(({ logE }) => logE >= limit);
  if (wrong) {
    const { candidate, base, point } = wrong;
    const because = `${candidate.toLocaleString("en-US")} of ${countText(candidate + base, "rider")} ${point} are the candidate's, not ${percent(share)}: ${meanings[point]}.`;
    return answer("sample ratio", Verdict.HOLD, because, { numbers });
  }
  const least = Math.min(...found.map(({ candidate, base }) => candidate + base));
  if (least < LEAST_RIDERS) {
    const because = `${countText(least, "rider")} with a finished trip in this stage; the ratio is judged from ${LEAST_RIDERS}.`;
    const toPass = { pairs: LEAST_RIDERS - least }; // most riders take one trip
    return answer("sample ratio", Verdict.CONTINUE, because, { numbers, toPass });
  }
  const of = found.map(
    ({ candidate, base, point }) => `${point} ${percent(candidate / (candidate + base))}`,
  );
  return answer(
    "sample ratio",
    Verdict.PASS,
    `The candidate's share of riders, meant to be ${percent(share)}: ${of.join(", ")}.`,
    { numbers },
  );
}
