// The gates of errors and delays: what fails, in how many requests, and how often equal versions are wronged.
import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "../../../../simulator/random.ts";
import { createEvidence, foldFact } from "../evidence.ts";
import { takeLook } from "../look.ts";
import { NO_OPERATIONS } from "../operations.ts";
import { countEvidence } from "../statistics/counts.ts";
import { operated, planFor } from "../testing/facts.ts";
import { capsGate } from "./caps-gate.ts";
import { errorsGate } from "./errors-gate.ts";
import { eventsGate } from "./events-gate.ts";
import { type Case, type Gate, Verdict } from "./gate.ts";
import { latencyGate } from "./latency-gate.ts";

const plan = planFor({ service: "duration" });
type Counts = { -readonly [K in keyof typeof NO_OPERATIONS]: { candidate: number; base: number } };

function caseOf(counts: Partial<Counts>): Case {
  const evidence = createEvidence(plan);
  foldFact(evidence, plan, operated(counts));
  return {
    plan,
    look: takeLook(evidence, plan),
    stage: { sinceMs: 0, bakeMs: 0, wallNowMs: 0, deadlineMs: 1 },
    crashes: 0,
    noNumber: 0,
    parity: { candidate: 0, base: 0 },
  };
}

/** Two arms, a second at a time. */
interface World {
  /** Requests a second, by arm. */
  readonly perSecond: Readonly<Record<"candidate" | "base", number>>;
  /** Chance of an error, and of a late answer, by arm. */
  readonly errors?: Readonly<Record<"candidate" | "base", number>>;
  readonly late?: Readonly<Record<"candidate" | "base", number>>;
  /** Chance that a second makes all of an arm's answers late: a pause of its process. */
  readonly pauses?: number;
}

const arms = ["candidate", "base"] as const;

/** Looks after every second; says after how many of the candidate's requests a gate failed, if one did. */
function failsAfter(
  gate: (of: Case) => Gate,
  { perSecond, errors, late, pauses = 0 }: World,
  { seconds, seed }: { seconds: number; seed: string },
): number | undefined {
  const random = createRandom(seed);
  const counts = structuredClone(NO_OPERATIONS) as Counts;
  for (let second = 0; second < seconds; second++) {
    const wasSlow = { candidate: false, base: false };
    for (const arm of arms) {
      const n = poisson(random, perSecond[arm]);
      const isPaused = random.uniform() < pauses;
      counts.requests[arm] += n;
      counts.timed[arm] += n;
      for (let i = 0; i < n; i++) {
        if (random.uniform() < (errors?.[arm] ?? 0)) counts.errors[arm]++;
        if (!isPaused && random.uniform() >= (late?.[arm] ?? 0)) continue;
        counts.slow[arm]++;
        wasSlow[arm] = true;
      }
    }
    for (const [arm, other] of [arms, arms.toReversed()] as const) {
      if (wasSlow[arm as "base"] && !wasSlow[other as "base"]) counts.slowSeconds[arm as "base"]++;
    }
    if (gate(caseOf(counts)).verdict === Verdict.FAIL) return counts.requests.candidate;
  }
  return undefined;
}

function poisson(random: Random, mean: number): number {
  let n = 0;
  for (let left = Math.exp(-mean), p = random.uniform(); p > left; p *= random.uniform()) n++;
  return n;
}

function failures(gate: (of: Case) => Gate, world: World, runs: number, seconds: number): number {
  return Array.from({ length: runs }, (_, i) =>
    failsAfter(gate, world, { seconds, seed: `run ${i}` }),
  ).filter((after) => after !== undefined).length;
}

const same = (value: number) => ({ candidate: value, base: value });
const shadow = same(3);
const canary = { candidate: 1.5, base: 28.5 };
const nearlyAll = { candidate: 19, base: 1 };

describe("equal versions, looked at every second, are failed in at most one release of a thousand", () => {
  // 100 releases: more than one has a chance of 0.5 % at the nominal 0.1 %.
  test.each([
    ["errors, shadow", errorsGate, { perSecond: shadow, errors: same(0.02) }],
    ["errors, 5 %", errorsGate, { perSecond: canary, errors: same(0.01) }],
    ["errors, few requests", errorsGate, { perSecond: same(0.05), errors: same(0.04) }],
    ["cap, just below it", capsGate, { perSecond: shadow, errors: same(0.045) }],
    ["late, shadow", latencyGate, { perSecond: shadow, late: same(0.05) }],
    ["late, 5 %", latencyGate, { perSecond: canary, late: same(0.03) }],
    ["late, 95 %", latencyGate, { perSecond: nearlyAll, late: same(0.03) }],
    ["late all the time", latencyGate, { perSecond: canary, late: same(0.5) }],
    ["pauses, shadow", latencyGate, { perSecond: same(15), pauses: 0.03, late: same(0.001) }],
    ["pauses, 5 %", latencyGate, { perSecond: canary, pauses: 0.05 }],
    ["pauses, 95 %", latencyGate, { perSecond: nearlyAll, pauses: 0.05 }],
  ] as [string, (of: Case) => Gate, World][])("%s", (_, gate, world) => {
    expect(failures(gate, world, 100, 300)).toBeLessThanOrEqual(1);
  });
});

test("the trap is there: counted answer by answer, pauses that both versions have alike fail many", () => {
  const byAnswer = ({ look }: Case): Gate => {
    const { slow } = look.strata[0]?.operations ?? NO_OPERATIONS;
    const isWorse = countEvidence(slow, 0.5, "worse") >= -Math.log(plan.guardAlpha);
    const verdict = isWorse ? Verdict.FAIL : Verdict.CONTINUE;
    return { gate: "", verdict, because: "", isRequired: true, numbers: {} };
  };
  const world = { perSecond: same(15), pauses: 0.03 };
  expect(failures(byAnswer, world, 100, 300)).toBeGreaterThan(5);
});

describe("a candidate that is worse fails", () => {
  test.each([
    [
      "no answer at all, shadow",
      errorsGate,
      { perSecond: shadow, errors: { candidate: 1, base: 0 } },
      35,
    ],
    [
      "no answer at all, 5 %",
      errorsGate,
      { perSecond: canary, errors: { candidate: 1, base: 0 } },
      30,
    ],
    [
      "a tenth of errors, shadow",
      errorsGate,
      { perSecond: shadow, errors: { candidate: 0.1, base: 0 } },
      300,
    ],
    [
      "no answer at all, cap",
      capsGate,
      { perSecond: shadow, errors: { candidate: 1, base: 1 } },
      35,
    ],
    [
      "always late, shadow",
      latencyGate,
      { perSecond: shadow, late: { candidate: 1, base: 0 } },
      150,
    ],
    [
      "always late, 5 %",
      latencyGate,
      { perSecond: canary, late: { candidate: 1, base: 0.001 } },
      100,
    ],
    [
      "a tenth late, shadow",
      latencyGate,
      { perSecond: shadow, late: { candidate: 0.1, base: 0.001 } },
      500,
    ],
  ] as [string, (of: Case) => Gate, World, number][])("%s", (_, gate, world, within) => {
    const after = Array.from({ length: 30 }, (_, i) =>
      failsAfter(gate, world, { seconds: 1_000, seed: `worse ${i}` }),
    );
    expect(Math.max(...after.map((n) => n ?? Number.POSITIVE_INFINITY))).toBeLessThanOrEqual(
      within,
    );
  });
});

describe("late answers", () => {
  test("of five that were counted, four late ones fail nobody", () => {
    const counts = {
      timed: { candidate: 5, base: 20 },
      slow: { candidate: 4, base: 0 },
      slowSeconds: { candidate: 4, base: 0 },
    };
    expect(latencyGate(caseOf(counts))).toMatchObject({ verdict: Verdict.CONTINUE });
  });

  test("in one bad second, however many, fail nobody", () => {
    const counts = {
      timed: same(1_000),
      slow: { candidate: 60, base: 0 },
      slowSeconds: { candidate: 1, base: 0 },
    };
    expect(latencyGate(caseOf(counts))).toMatchObject({ verdict: Verdict.PASS });
  });

  test("more often than the live version, but less than may be, are let through", () => {
    const counts = {
      timed: same(100_000),
      slow: { candidate: 500, base: 10 },
      slowSeconds: { candidate: 400, base: 10 },
    };
    const gate = latencyGate(caseOf(counts));
    expect(gate.verdict).toBe(Verdict.PASS);
    expect(gate.because).toContain("within the 5.0 % that may be");
  });
});

describe("events of a consumer", () => {
  interface Again {
    readonly candidate: number;
    readonly base: number;
    readonly inSeconds: { candidate: number; base: number };
    readonly events?: { candidate: number; base: number };
  }
  const gateOf = ({ candidate, base, inSeconds, events = same(500) }: Again) =>
    eventsGate(
      caseOf({
        requests: events,
        redelivered: { candidate, base },
        redeliveredSeconds: inSeconds,
        errors: { candidate: 0, base: 0 },
      }),
    );

  test("that are given again time after time, and not to the live version, fail it", () => {
    const gate = gateOf({ candidate: 25, base: 0, inSeconds: { candidate: 20, base: 0 } });
    expect(gate).toMatchObject({ verdict: Verdict.FAIL });
    expect(gate.because).toContain("25 redeliveries and 0 dead letters in 500 events");
  });

  test("that are given again all at once, as after a death of the server, fail nobody", () => {
    const burst = { candidate: 137, base: 0, inSeconds: { candidate: 2, base: 0 } };
    expect(gateOf({ ...burst, events: same(689) })).toMatchObject({ verdict: Verdict.PASS });
    expect(gateOf({ ...burst, events: same(150) })).toMatchObject({ verdict: Verdict.PASS });
  });

  test("in a rolling release, where nobody else sees them, fail it when more than half come again", () => {
    const events = { candidate: 100, base: 0 };
    const of = (candidate: number) =>
      gateOf({ candidate, base: 0, inSeconds: { candidate: 10, base: 0 }, events });
    expect(of(20)).toMatchObject({ verdict: Verdict.PASS });
    expect(of(90)).toMatchObject({ verdict: Verdict.FAIL });
  });

  test("are not needed to pass: nobody waits for them", () => {
    const nothing = { candidate: 0, base: 0, inSeconds: same(0), events: same(0) };
    expect(gateOf(nothing)).toMatchObject({ verdict: Verdict.CONTINUE, isRequired: false });
  });

  test("that became dead letters count as well", () => {
    const counts = { requests: same(500), errors: { candidate: 25, base: 0 } };
    expect(eventsGate(caseOf(counts))).toMatchObject({ verdict: Verdict.FAIL });
  });
});
