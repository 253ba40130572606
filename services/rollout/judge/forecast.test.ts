import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { createEvidence, foldFact } from "./evidence.ts";
import { type Forecast, type ForecastOptions, forecast, spanText } from "./forecast.ts";
import { answer, type Gate } from "./gates/gate.ts";
import { noteSample, type Pace, paceOf, type Sample } from "./pace.ts";
import { inTime, madeUpTrips, planFor, START_MS } from "./testing/facts.ts";
import { untilHours, untilMatured } from "./until-hours.ts";
import { judge } from "./verdict.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** 100 pairs and ten hours of event time in a minute: a replay at 600 times. */
const pace: Pace = { wallMs: MINUTE_MS, eventMs: 10 * HOUR_MS, pairs: 100 };
const waiting = (gate: string, rest: Parameters<typeof answer>[3] = {}): Gate =>
  answer(gate, Verdict.CONTINUE, "", rest);
const fine = (gate: string): Gate => answer(gate, Verdict.PASS, "");
const ask = (gates: readonly Gate[], change: Partial<ForecastOptions> = {}) =>
  forecast({ gates, pace, maturityMs: 1.5 * HOUR_MS, deadlineInMs: 24 * HOUR_MS, ...change });

describe("what comes first", () => {
  test("a worse candidate fails after the pairs that are missing, at their rate", () => {
    expect(ask([waiting("realised error", { pairsToFail: 50 })])).toEqual({
      verdict: Verdict.FAIL,
      waitMs: 30_000,
      gate: "realised error",
      because: "FAIL in about 30 s at the present rate and estimate, by realised error.",
    });
  });

  test("a PASS waits for its last gate, in event time", () => {
    const gates = [
      fine("hard caps"),
      waiting("realised error", { toPass: { maturedPairs: 100 } }), // 10 h, then 1 h 45 min to mature
      waiting("hours of the day", { toPass: { eventMs: 20 * HOUR_MS } }),
      waiting("a guard that need not pass", { isRequired: false }),
    ];
    expect(ask(gates)).toMatchObject({ verdict: Verdict.PASS, gate: "hours of the day" });
    expect(ask(gates).waitMs).toBeCloseTo(2 * MINUTE_MS);
    expect(ask(gates).because).toBe(
      "PASS in about 2 min at the present rate and estimate; hours of the day take longest.",
    );
    const error = ask(gates.slice(0, 2));
    expect(error.gate).toBe("realised error");
    expect(error.waitMs).toBeCloseTo((11.75 / 10) * MINUTE_MS);
  });

  test("pairs that are there already have matured a part of the way", () => {
    const half = ask([waiting("e", { toPass: { maturedPairs: -10 } })]); // an hour ago
    expect(half.waitMs).toBeCloseTo((0.75 / 10) * MINUTE_MS);
    expect(ask([waiting("e", { toPass: { maturedPairs: -1_000 } })]).waitMs).toBe(0);
  });

  test("the deadline, when it is nearer", () => {
    const gates = [waiting("hours of the day", { toPass: { eventMs: 20 * HOUR_MS } })];
    const found = ask(gates, { deadlineInMs: MINUTE_MS });
    expect(found).toMatchObject({ verdict: Verdict.HOLD, waitMs: MINUTE_MS });
    expect(found.because).toMatch(/^The deadline comes first, in about 60 s: then a person is/);
  });
});

describe("what is not foreseeable is not guessed", () => {
  test.each<[string, Gate[], Partial<ForecastOptions>, RegExp]>([
    [
      "without a rate",
      [waiting("e", { pairsToFail: 5, toPass: { pairs: 5 } })],
      { pace: undefined },
      /the rate is not known yet\. A person is asked at the deadline, in about 24 h/,
    ],
    [
      "while no trips end",
      [waiting("e", { pairsToFail: 5, toPass: { pairs: 5 } })],
      { pace: { ...pace, pairs: 0 } },
      /no trip was paired/,
    ],
    ["between the lines", [waiting("e")], {}, /e would neither pass nor fail/],
    [
      "where one gate of several says nothing",
      [waiting("a", { toPass: { pairs: 1 } }), waiting("e")],
      {},
      /e would neither pass nor fail/,
    ],
    ["without a clock", [waiting("h", { toPass: { eventMs: Number.NaN } })], {}, /h would/],
    [
      "a PASS while a person has the word",
      [waiting("e", { toPass: { pairs: 1 } })],
      { deadlineInMs: undefined },
      /^Nothing but a FAIL acts by itself now\.$/,
    ],
  ])("%s", (_, gates, change, because) => {
    const found = ask(gates, change);
    expect(found).toMatchObject({ verdict: Verdict.UNSPECIFIED, waitMs: undefined });
    expect(found.because).toMatch(because);
  });

  test("a FAIL is foreseen also then", () => {
    const gates = [waiting("e", { pairsToFail: 100 })];
    expect(ask(gates, { deadlineInMs: undefined }).verdict).toBe(Verdict.FAIL);
  });
});

test("more missing never means sooner, and a wait is never negative", () => {
  const missing = fc.record({
    pairs: fc.integer({ min: -500, max: 5_000 }),
    maturedPairs: fc.integer({ min: -5_000, max: 5_000 }),
    eventMs: fc.integer({ min: 0, max: 48 * HOUR_MS }),
  });
  const paces = fc.record({
    wallMs: fc.integer({ min: 2_000, max: 600_000 }),
    eventMs: fc.integer({ min: 0, max: 100 * HOUR_MS }),
    pairs: fc.integer({ min: 0, max: 5_000 }),
  });
  fc.assert(
    fc.property(missing, missing, paces, (some, more, at) => {
      const sum = {
        pairs: some.pairs + Math.abs(more.pairs),
        maturedPairs: some.maturedPairs + Math.abs(more.maturedPairs),
        eventMs: some.eventMs + more.eventMs,
      };
      const change = { pace: at, deadlineInMs: Number.MAX_SAFE_INTEGER };
      const [less, later] = [some, sum].map(
        (toPass) => ask([waiting("e", { toPass })], change).waitMs ?? Number.POSITIVE_INFINITY,
      ) as [number, number];
      expect(less).toBeGreaterThanOrEqual(0);
      expect(later).toBeGreaterThanOrEqual(less);
    }),
  );
});

test.each([
  [0, "about 5 s"],
  [62_000, "about 60 s"],
  [4 * MINUTE_MS + 10_000, "about 4 min"],
  [3.2 * HOUR_MS, "about 3 h"],
  [12 * 24 * HOUR_MS, "about 12 days"],
])("%d ms are %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

describe("on made-up trips, at 600 times", () => {
  const plan = planFor();
  /** The forecast after so many hours of event time, and how many it then took. */
  function judged(harm: number, atHours: number): { foreseen: Forecast; tookMs: number } {
    const evidence = createEvidence(plan);
    const samples: Sample[] = [];
    let asked: Forecast | undefined;
    let askedAtMs = 0;
    for (const [i, fact] of inTime(madeUpTrips(3000, { hourly: 70, harm })).entries()) {
      foldFact(evidence, plan, fact);
      if (i % 20 > 0) continue;
      const stage = { sinceMs: START_MS, bakeMs: 0, wallNowMs: 0, deadlineMs: 1 };
      const { verdict, gates, eventMs, pairs } = judge(evidence, plan, stage);
      const wallMs = (eventMs - START_MS) / 600;
      noteSample(samples, { wallMs, eventMs, pairs });
      if (asked && verdict !== Verdict.CONTINUE) {
        return { foreseen: asked, tookMs: wallMs - askedAtMs };
      }
      if (asked || !(eventMs - START_MS >= atHours * HOUR_MS)) continue;
      expect(verdict).toBe(Verdict.CONTINUE);
      asked = ask(gates, { pace: paceOf(samples) });
      askedAtMs = wallMs;
    }
    throw new Error("nothing was decided");
  }

  test.each([
    ["a PASS", 0, 8, Verdict.PASS, 0.05],
    ["a FAIL", 0.03, 4, Verdict.FAIL, 0.6],
  ])("%s comes about when it was foreseen", (_, harm, atHours, verdict, within) => {
    const { foreseen, tookMs } = judged(harm, atHours);
    expect(foreseen.verdict).toBe(verdict);
    expect(Math.abs((foreseen.waitMs ?? 0) / tookMs - 1)).toBeLessThan(within);
  });
});

describe("the pace", () => {
  const sampled = (seconds: number, rate: (second: number) => number): Sample[] => {
    const samples: Sample[] = [];
    let pairs = 0;
    for (let s = 0; s <= seconds; s++) {
      pairs += rate(s);
      noteSample(samples, { wallMs: s * 1_000, eventMs: s * 600_000, pairs });
    }
    return samples;
  };

  test("is of the last hundred pairs, so that a change is soon seen", () => {
    const found = paceOf(sampled(300, (s) => (s < 200 ? 1 : 10))) as Pace;
    expect(found.pairs / found.wallMs).toBeCloseTo(0.01);
    expect(found.wallMs).toBeLessThanOrEqual(12_000);
  });

  test("is of all that is remembered where pairs are rare, and what is remembered is bounded", () => {
    const samples = sampled(5_000, () => 0.01);
    expect(samples.length).toBe(300);
    expect(paceOf(samples)?.wallMs).toBe(299 * 2_000);
  });

  test("is not known from one sample, nor before there is a clock", () => {
    expect(paceOf([])).toBeUndefined();
    expect(paceOf(sampled(1, () => 5))).toBeUndefined();
    const samples: Sample[] = [];
    noteSample(samples, { wallMs: 0, eventMs: Number.NEGATIVE_INFINITY, pairs: 0 });
    expect(samples).toEqual([]);
  });
});

describe("hours of the day", () => {
  const plan = { maturityMs: 1.5 * HOUR_MS, leastHours: 3 };
  /** Quarters of an hour from 10:10 on, as the gate counts them. */
  const at = (minutes: number) => {
    const start = 10 * HOUR_MS + 10 * MINUTE_MS;
    const nowMs = start + minutes * MINUTE_MS;
    const matured = new Set<number>();
    for (let q = 10 * HOUR_MS; q + 15 * MINUTE_MS <= nowMs - plan.maturityMs; q += 15 * MINUTE_MS) {
      matured.add(Math.floor(q / HOUR_MS));
    }
    return { nowMs, hours: matured.size, strata: [{ firstMs: start }] as never };
  };

  test("the wait leads to the very minute at which the last hour counts", () => {
    for (let minute = 0; minute < 400; minute += 7) {
      const waitMs = untilHours(at(minute), plan);
      const then = minute + waitMs / MINUTE_MS;
      if (waitMs === 0) continue;
      expect(at(then).hours).toBe(3);
      expect(at(then - 1).hours).toBe(2);
    }
  });

  test("so does the wait for the first cohort", () => {
    const waitMs = untilMatured(at(30), plan);
    expect(at(30 + waitMs / MINUTE_MS).hours).toBe(1);
    expect(at(29 + waitMs / MINUTE_MS).hours).toBe(0);
  });

  test("without a clock there is none", () => {
    const nothing = { nowMs: Number.NEGATIVE_INFINITY, hours: 0, strata: [] };
    expect(untilHours(nothing, plan)).toBeNaN();
    expect(untilMatured(nothing, plan)).toBeNaN();
  });
});
