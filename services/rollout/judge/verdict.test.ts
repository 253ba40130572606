// The verdict on made-up trips: what passes, what fails, and above all what must not pass.
import { describe, expect, test } from "vitest";
import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { createRandom } from "../../../simulator/random.ts";
import { createEvidence, type Evidence, foldFact } from "./evidence.ts";
import type { Arm, Fact } from "./fact.ts";
import type { StageTime } from "./gates/gate.ts";
import { mergeSmall } from "./gates/metric-gate.ts";
import { takeLook } from "./look.ts";
import { createPlan, type JudgePlan, metricsOf } from "./plan.ts";
import { onePair } from "./tally.ts";
import {
  factsOf,
  HOUR_MS,
  inTime,
  type MadeUpTrip,
  madeUpTrips,
  operated,
  planFor,
  START_MS,
  scored,
  versions,
} from "./testing/facts.ts";
import { type Judgement, judge } from "./verdict.ts";

const stage: StageTime = { sinceMs: START_MS, bakeMs: HOUR_MS, wallNowMs: 0, deadlineMs: 1 };
const late: StageTime = { ...stage, wallNowMs: 1 };

function fold(facts: readonly Fact[], plan: JudgePlan, evidence = createEvidence(plan)): Evidence {
  for (const fact of facts) foldFact(evidence, plan, fact);
  return evidence;
}

const gateOf = ({ gates }: Judgement, name: string) => gates.find(({ gate }) => gate === name);

describe("realised error", () => {
  const plan = planFor();

  test("an equal candidate passes after a day, and not before", () => {
    const evidence = createEvidence(plan);
    const facts = inTime(madeUpTrips(2000, { hourly: 70 }));
    let passedMs = 0;
    for (const [i, fact] of facts.entries()) {
      foldFact(evidence, plan, fact);
      if (i % 50 > 0) continue;
      const { verdict } = judge(evidence, plan, stage);
      expect(verdict).not.toBe(Verdict.FAIL);
      if (verdict === Verdict.PASS && passedMs === 0) passedMs = takeLook(evidence, plan).nowMs;
    }
    const hours = (passedMs - START_MS) / HOUR_MS;
    expect(hours).toBeGreaterThan(24);
    expect(hours).toBeLessThan(26);
    const { because, gates } = judge(evidence, plan, late);
    expect(because).toBe("Every gate that is required is satisfied.");
    expect(gates.map(({ gate }) => gate)).toEqual([
      "hard caps",
      "realised error",
      "interval",
      "events",
      "split",
      "answers",
      "hours of the day",
      "bake time",
    ]);
  });

  test("a worse candidate fails early, in words", () => {
    const judgement = judge(fold(inTime(madeUpTrips(100, { harm: 0.5 })), plan), plan, stage);
    expect(judgement.verdict).toBe(Verdict.FAIL);
    expect(judgement.because).toMatch(
      /^Over 100 finished trips the candidate's realised error is \+\$0\.5\d+ \(\+\d+\.\d %\) against the live version's, between \+.* and \+.* with 99\.0 % confidence: worse\.$/,
    );
    expect(gateOf(judgement, "realised error")?.numbers).toMatchObject({ n: 100, margin: 0.02 });
    expect(judgement.p["realised error"]).toBeLessThan(0.01);
  });

  test("how many trips are needed is said before they are there, and about right", () => {
    const trips = madeUpTrips(1500, { harm: 0.1 });
    const judged = (count: number) =>
      gateOf(judge(fold(inTime(trips.slice(0, count)), plan), plan, stage), "realised error");
    const early = judged(60);
    const needed = early?.numbers["pairsToFail"] ?? 0;
    expect(needed).toBeGreaterThan(60);
    expect(early?.pairsToFail).toBe(needed - 60);
    expect(early?.numbers).not.toHaveProperty("maturedToPass");
    expect(judged(2 * needed)?.verdict).toBe(Verdict.FAIL);
    expect(judged(0)?.numbers).not.toHaveProperty("pairsToFail");
  });

  test("who draws it is given the lines and how far it is", () => {
    const judgement = judge(fold(inTime(madeUpTrips(300, { harm: 0.02 })), plan), plan, stage);
    const of = (name: string) => gateOf(judgement, name)?.numbers ?? {};
    const { base = 0, harm = 0, marginHarm, ofMargin } = of("realised error");
    expect(marginHarm).toBeCloseTo(0.02 * base);
    expect(ofMargin).toBeCloseTo(harm / (0.02 * base));
    expect(of("realised error")).toMatchObject({ maturedNeeded: 1000, margin: 0.02 });
    expect(of("realised error")["passUpper"]).toBeGreaterThan(0);
    expect(of("interval")["marginHarm"]).toBeCloseTo(0.1, 4); // whole steps
    expect(of("hours of the day")).toEqual({ hours: 4, hoursNeeded: 24 });
    expect(of("bake time")).toMatchObject({ bakeMs: HOUR_MS });
    expect(of("split")).toEqual({ candidate: 0, base: 300 });
    expect(of("answers")).toMatchObject({ allRequested: 300, allLabelled: 300, allPaired: 300 });
  });

  test("nothing is said before 20 pairs", () => {
    const judgement = judge(fold(inTime(madeUpTrips(19, { harm: 9 })), plan), plan, stage);
    expect(judgement.verdict).toBe(Verdict.CONTINUE);
    expect(gateOf(judgement, "realised error")?.because).toContain("nothing is said before 20");
  });

  test("p-values never rise, handed from look to look", () => {
    const evidence = createEvidence(plan);
    let before: Judgement | undefined;
    for (const fact of inTime(madeUpTrips(300, { harm: 0.02 }))) {
      foldFact(evidence, plan, fact);
      const now = judge(evidence, plan, stage, before?.peaks);
      expect(now.p["realised error"]).toBeLessThanOrEqual(before?.p["realised error"] ?? 1);
      before = now;
    }
  });

  test("small strata are added to a neighbour, and none is lost", () => {
    const stratum = (n: number) => ({ ...onePair(1, 1), n });
    const sizes = (...all: number[]) => mergeSmall(all.map(stratum), 20).map(({ n }) => n);
    expect(sizes(5, 0, 30, 40, 3)).toEqual([35, 43]);
    expect(sizes(3, 4)).toEqual([7]);
    expect(sizes(25)).toEqual([25]);
    expect(sizes()).toEqual([]);
  });
});

describe("silence", () => {
  const plan = planFor({ leastHours: 0 });
  const without = (kind: Fact["kind"], arm?: Arm) =>
    inTime(madeUpTrips(2000)).filter(
      (fact) =>
        fact.kind !== kind ||
        (fact.kind === "scored" && arm && fact.digest !== versions[arm].digest),
    );

  test.each([
    ["no facts", []],
    ["no truths", without("completed")],
    ["no requests", without("requested")],
    ["no answers of the candidate", without("scored", "candidate")],
    ["no answers of the live version", without("scored", "base")],
  ] as const)("%s: never a PASS; a person decides at the deadline", (_, facts) => {
    const evidence = fold(facts, plan);
    expect(judge(evidence, plan, stage).verdict).toBe(Verdict.CONTINUE);
    const { verdict, because } = judge(evidence, plan, late);
    expect(verdict).toBe(Verdict.HOLD);
    expect(because).toContain("The deadline has passed");
  });

  test("a candidate that leaves out one trip in ten does not pass on the rest", () => {
    const facts = inTime(madeUpTrips(2500)).filter(
      (fact) =>
        fact.kind !== "scored" ||
        fact.digest === versions.base.digest ||
        Number(fact.tripId.slice(1)) % 10 > 0,
    );
    const judgement = judge(fold(facts, plan), plan, stage);
    expect(judgement.verdict).toBe(Verdict.CONTINUE);
    expect(gateOf(judgement, "realised error")?.verdict).toBe(Verdict.PASS);
    expect(gateOf(judgement, "answers")?.because).toContain("90.0 % of those with a truth");
  });
});

describe("hard caps act at once", () => {
  const plan = planFor({ service: "duration" });
  const requests = (candidate: number, base: number, total = 100): Fact =>
    operated({
      requests: { candidate: total, base: 19 * total },
      errors: { candidate, base },
    });
  const twice = (arm: Arm) => [
    scored(arm, "t"),
    scored(arm, "t", { value: 11, role: "hindsight" }),
  ];

  test.each([
    ["a crash", [{ kind: "crashed", id: "green-1" }], Verdict.FAIL, "The candidate crashed once."],
    ["no number", [scored("candidate", "t", { value: Number.NaN })], Verdict.FAIL, "is no number"],
    ["other bits", twice("candidate"), Verdict.FAIL, "other bits, once"],
    ["other bits of the live version", twice("base"), Verdict.HOLD, "nothing sound to compare"],
    [
      "errors",
      [requests(20, 0)],
      Verdict.FAIL,
      "20.0 % of the candidate's 100 answers were errors",
    ],
  ] as [string, Fact[], Verdict, string][])("%s", (_, facts, verdict, words) => {
    const judgement = judge(fold(facts, plan), plan, stage);
    expect(judgement.verdict).toBe(verdict);
    expect(judgement.because).toContain(words);
  });

  test("more errors than its share fail a candidate below the cap, too", () => {
    const judgement = judge(fold([requests(40, 100, 1000)], plan), plan, stage);
    expect(judgement.verdict).toBe(Verdict.FAIL);
    expect(gateOf(judgement, "request errors")?.verdict).toBe(Verdict.FAIL);
  });

  test("how many requests are missing is said, unless there are too many errors for ever", () => {
    const gate = (total: number, errors: number) =>
      gateOf(judge(fold([requests(errors, 0, total)], plan), plan, stage), "request errors");
    expect(gate(5, 0)?.toPass).toEqual({ pairs: 15 });
    const missing = gate(50, 0)?.toPass?.pairs ?? 0;
    expect(gate(50 + missing, 0)?.verdict).toBe(Verdict.PASS);
    expect(gate(50 + Math.floor(missing / 2), 0)?.verdict).toBe(Verdict.CONTINUE);
    expect(gate(100, 5)).not.toHaveProperty("toPass");
  });

  test("a few requests without an error certify nothing, many do", () => {
    const verdictOf = (count: number) =>
      gateOf(judge(fold([requests(0, 0, count)], plan), plan, stage), "request errors")?.verdict;
    expect([0, 50, 1000].map(verdictOf)).toEqual([
      Verdict.CONTINUE,
      Verdict.CONTINUE,
      Verdict.PASS,
    ]);
  });
});

describe("the label-delay trap", () => {
  /** Better by 2 on rides below a quarter of an hour, worse by 6 on longer ones: worse in all. */
  const trips = madeUpTrips(3000, { hourly: 60_000 }).map((trip) => ({
    ...trip,
    values: { base: 14, candidate: trip.minutes < 15 ? 12 : 20 },
  }));
  const facts = inTime(trips);
  const until = (minutes: number) =>
    facts.filter((fact) => "atMs" in fact && fact.atMs <= START_MS + minutes * 60_000);
  const clock = (minutes: number): Fact[] =>
    madeUpTrips(10).map(({ id }, i) => ({
      kind: "requested",
      tripId: `clock-${minutes}-${id}`,
      riderId: id,
      atMs: START_MS + minutes * 60_000 + i,
      hour: 0,
      revision: 0,
      assigned: "base",
    }));
  // Nothing but maturity stands in the way of a PASS.
  const plan = planFor({ leastHours: 0, leastPaired: 0 });
  const noBake = { ...stage, bakeMs: 0 };

  test("among trips that have ended so far the candidate looks better, and it does not pass", () => {
    const judgement = judge(fold([...until(14), ...clock(14)], plan), plan, noBake);
    const gate = gateOf(judgement, "realised error");
    expect(gate?.numbers["n"]).toBeGreaterThan(900);
    expect(gate?.numbers["upper"]).toBeLessThan(0); // all that has ended says "better"
    expect(gate?.verdict).toBe(Verdict.CONTINUE);
    expect(judgement.verdict).toBe(Verdict.CONTINUE);
  });

  /** All verdicts, minute by minute, until every ride has ended and matured. */
  function verdictsOf(by: JudgePlan): Set<Verdict> {
    const evidence = createEvidence(by);
    const verdicts = new Set<Verdict>();
    let next = 0;
    for (let minute = 1; minute <= 130; minute++) {
      for (; next < facts.length; next++) {
        const fact = facts[next] as Fact;
        if ("atMs" in fact && fact.atMs > START_MS + minute * 60_000) break;
        foldFact(evidence, by, fact);
      }
      fold(clock(minute), by, evidence);
      verdicts.add(judge(evidence, by, noBake).verdict);
    }
    return verdicts;
  }

  test("at no minute of the way does it pass, and with the long rides it fails", () => {
    expect(verdictsOf(plan)).toEqual(new Set([Verdict.CONTINUE, Verdict.FAIL]));
  });

  test("the trap is there: judged on what has ended, the same candidate would pass", () => {
    const hasty = planFor({ leastHours: 0, leastPaired: 0, maturityMs: 0 });
    expect(verdictsOf(hasty).has(Verdict.PASS)).toBe(true);
  });

  test("a split that began a moment ago is not compared with the trips before it", () => {
    const plain = planFor({ leastHours: 0, guardAlpha: 0.01 });
    // Equal versions whose error grows with the ride: those that end soon look good.
    const made = madeUpTrips(12_000, { hourly: 3000 }).map((trip, i): MadeUpTrip => {
      const isLater = trip.atMs >= START_MS + 3.5 * HOUR_MS;
      const error = trip.minutes / 4 + createRandom(`e${i}`).uniform();
      return {
        ...trip,
        values: { base: 10 + error, candidate: 10 + error },
        ...(isLater && { revision: 5, served: i % 2 === 0 ? "candidate" : "base" }),
      };
    });
    const all: Fact[] = [{ kind: "weights", revision: 5, candidateWeight: 5000 }, ...inTime(made)];
    const soon = all.filter((fact) => !("atMs" in fact) || fact.atMs <= START_MS + 3.8 * HOUR_MS);
    const evidence = fold(soon, plain);
    const { candidate, base } = takeLook(evidence, plain).total.all;
    const naive = candidate.losses / candidate.n / (base.losses / base.n);
    expect(naive).toBeLessThan(0.7); // a pooled comparison falls for it
    const gate = gateOf(judge(evidence, plain, noBake), "split");
    expect(gate?.numbers["lower"]).toBeLessThan(0);
    expect(gate?.numbers["upper"]).toBeGreaterThan(0);
    expect(Math.abs(gate?.numbers["harm"] ?? 9)).toBeLessThan(0.3);
  });
});

describe("sample ratio", () => {
  const canary: Fact = { kind: "weights", revision: 1, candidateWeight: 5000 };
  const trips = (served: (i: number) => Arm) =>
    madeUpTrips(400).flatMap((trip, i) => factsOf({ ...trip, revision: 1, served: served(i) }));

  test("riders that are not shared out as the weight says: a person is asked", () => {
    const plan = planFor();
    const facts = [canary, ...trips((i) => (i % 5 === 0 ? "candidate" : "base"))];
    const { verdict, because } = judge(fold(facts, plan), plan, stage);
    expect(verdict).toBe(Verdict.HOLD);
    expect(because).toBe(
      "80 of 400 riders assigned are the candidate's, not 50.0 %: riders are not shared out as the weight says.",
    );
  });

  test("a candidate that loses the truths of half its trips is seen among the labelled", () => {
    const plan = planFor();
    const facts = [canary, ...trips((i) => (i % 2 === 0 ? "candidate" : "base"))].filter(
      (fact) => fact.kind !== "completed" || Number(fact.tripId.slice(1)) % 4 > 0,
    );
    const { verdict, because } = judge(fold(facts, plan), plan, stage);
    expect(verdict).toBe(Verdict.HOLD);
    expect(because).toContain("100 of 300 riders labelled");
  });

  test("riders whom a dead candidate did not answer stay in their arm: errors are another gate's matter", () => {
    const plan = planFor();
    const facts = [canary, ...trips((i) => (i % 2 === 0 ? "candidate" : "base"))].flatMap(
      (fact) => {
        const isUnanswered = Number("tripId" in fact ? fact.tripId.slice(1) : 1) % 4 === 0; // half of the candidate's
        if (!isUnanswered) return [fact];
        if (fact.kind === "requested") return [{ ...fact, isDegraded: true }];
        return fact.kind === "scored" ? [{ ...fact, role: "hindsight" as const }] : [fact];
      },
    );
    const ratio = gateOf(judge(fold(facts, plan), plan, stage), "sample ratio");
    expect(ratio).toMatchObject({
      verdict: Verdict.PASS,
      numbers: { assignedCandidate: 200, servedCandidate: 200, labelledCandidate: 200 },
    });
  });

  test("by segment there is no ratio to expect, and none where all riders are in one arm", () => {
    const facts = trips((i) => (i % 5 === 0 ? "candidate" : "base"));
    const bySegment = planFor({ assignment: "segment" });
    expect(
      gateOf(judge(fold([canary, ...facts], bySegment), bySegment, stage), "sample ratio"),
    ).toBeUndefined();
    const shadow = planFor();
    expect(gateOf(judge(fold(facts, shadow), shadow, stage), "sample ratio")).toBeUndefined();
  });
});

describe("the split", () => {
  const served = (trip: MadeUpTrip, i: number): MadeUpTrip => ({
    ...trip,
    revision: 1,
    served: i % 2 === 0 ? "candidate" : "base",
  });
  const canary: Fact = { kind: "weights", revision: 1, candidateWeight: 5000 };

  test("sees harm that pairs cannot: an answer that changes what happens", () => {
    const plan = planFor();
    const trips = madeUpTrips(600).map((trip, i) => ({
      ...served(trip, i),
      truth: { value: i % 2 === 0 ? 8 : 10 }, // both versions are as wrong on every trip
      values: i % 2 === 0 ? { base: 11.5, candidate: 11.5 } : { base: 11, candidate: 11 },
    }));
    const judgement = judge(fold([canary, ...inTime(trips)], plan), plan, stage);
    expect(gateOf(judgement, "realised error")?.numbers["harm"]).toBe(0);
    expect(gateOf(judgement, "split")?.verdict).toBe(Verdict.FAIL);
    expect(judgement.verdict).toBe(Verdict.FAIL);
  });

  test("between segments it is shown and does not fail: they differ in themselves", () => {
    const plan = planFor({ assignment: "segment" });
    const trips = madeUpTrips(600).map((trip, i) => ({
      ...served(trip, i),
      truth: { value: i % 2 === 0 ? 5 : 10 },
      values: i % 2 === 0 ? { base: 11.5, candidate: 11.5 } : { base: 11, candidate: 11 },
    }));
    const judgement = judge(fold([canary, ...inTime(trips)], plan), plan, stage);
    expect(gateOf(judgement, "split")?.numbers["lower"]).toBeGreaterThan(0);
    expect(judgement.verdict).toBe(Verdict.CONTINUE);
  });

  test("tips need it in a canary, and cannot in a shadow", () => {
    const plan = planFor({ service: "tip" });
    const trips = madeUpTrips(150).map(served);
    const required = (facts: readonly Fact[]) =>
      gateOf(judge(fold(facts, plan), plan, stage), "split")?.isRequired;
    expect(required([canary, ...inTime(trips)])).toBe(true);
    expect(required(inTime(trips))).toBe(false);
  });
});

describe("the plan", () => {
  test("is frozen, all the way down", () => {
    const plan = planFor();
    expect(Object.isFrozen(plan) && Object.isFrozen(plan.metrics[0])).toBe(true);
  });

  test.each([
    [{ leastHours: 25 }, "a day has 24 hours"],
    [{ leastForPass: 5 }, "must not be below least_for_fail"],
    [{ alpha: 0 }, "must be above 0"],
    [{ forgetAfterMs: HOUR_MS }, "must be longer than maturity"],
    [{ candidate: versions.base }, "is the live version"],
    [{ metrics: [] }, "must not be empty"],
  ])("%o is refused: %s", (change, words) => {
    expect(() => planFor(change)).toThrow(words);
  });

  test("every service has its error first", () => {
    for (const service of ["duration", "dynamic-duration", "tip", "cost"] as const) {
      expect(metricsOf(service)[0]?.name).toBe("realised error");
    }
    expect(createPlan({ service: "tip", ...versions, startMs: 0 }).needsSplit).toBe(true);
  });
});
