import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { wilson } from "../statistics/wilson.ts";
import type { Expected } from "./pair.ts";
import type { Decided, Outcome } from "./replay.ts";

/** Median and 90 % of all starts; undefined where so many were not decided. */
export interface Spread {
  readonly median: number | undefined;
  readonly ninety: number | undefined;
}

/** A share of the starts with its 95 % interval by Wilson. */
export interface Share {
  readonly count: number;
  readonly interval: readonly [number, number];
}

/** What a method said over all starts. */
export interface MethodSummary {
  readonly fail: number;
  readonly pass: number;
  readonly hold: number;
  readonly undecided: number;
  /** Finished trips until the expected verdict, and the riders who had the candidate by then. */
  readonly trips: Spread;
  readonly finishedRiders: Spread;
  readonly routedRiders: Spread;
  /** How often each gate decided. */
  readonly gates: Readonly<Record<string, number>>;
  /** Starts with the verdict that would be wrong. */
  readonly wrong: Share;
}

export interface Summary {
  readonly name: string;
  readonly service: string;
  /** Of the candidate's mean loss over the month against the base's, a share. */
  readonly trueHarm: number;
  readonly expected: Expected;
  readonly starts: number;
  readonly judge: MethodSummary;
  /** Starts in which the judge was ever sure that the candidate is better. */
  readonly saidBetter: Share;
  readonly split: MethodSummary;
  readonly splitStarts: number;
}

export function summarise(
  { name, service, expected }: Pick<Summary, "name" | "service" | "expected">,
  harm: number,
  outcomes: readonly Outcome[],
  splitStarts: number,
): Summary {
  const judged = outcomes.map((outcome) => outcome.judge);
  const split = outcomes.slice(0, splitStarts).map((outcome) => outcome.split);
  const base = { name, service, expected, trueHarm: harm, starts: outcomes.length, splitStarts };
  const better = outcomes.filter(({ saidBetter }) => saidBetter).length;
  return {
    ...base,
    saidBetter: { count: better, interval: wilson(better, outcomes.length) },
    judge: summariseMethod(judged, expected),
    split: summariseMethod(split, expected),
  };
}

function summariseMethod(
  decided: readonly (Decided | undefined)[],
  expected: Expected,
): MethodSummary {
  const wanted = Verdict[expected];
  const unwanted = expected === "FAIL" ? Verdict.PASS : Verdict.FAIL;
  const count = (verdict: Verdict | undefined) =>
    decided.filter((one) => one?.verdict === verdict).length;
  const spread = (of: "trips" | "finishedRiders" | "routedRiders") =>
    spreadOf(decided.map((one) => (one?.verdict === wanted ? one[of] : Number.POSITIVE_INFINITY)));
  const gates: Record<string, number> = {};
  for (const one of decided) if (one?.gate) gates[one.gate] = (gates[one.gate] ?? 0) + 1;
  const wrong = count(unwanted);
  return {
    fail: count(Verdict.FAIL),
    pass: count(Verdict.PASS),
    hold: count(Verdict.HOLD),
    undecided: count(undefined),
    trips: spread("trips"),
    finishedRiders: spread("finishedRiders"),
    routedRiders: spread("routedRiders"),
    gates,
    wrong: { count: wrong, interval: wilson(wrong, decided.length) },
  };
}

/** The value that half, and nine in ten, of the starts do not exceed. */
function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.ceil(share * sorted.length) - 1];
    return value === undefined || value === Number.POSITIVE_INFINITY ? undefined : value;
  };
  return { median: at(0.5), ninety: at(0.9) };
}
