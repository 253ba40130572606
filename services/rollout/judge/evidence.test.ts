// The fold: any order, any number of times, bounded, and the same after a stop.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WITNESSES } from "./clock.ts";
import { createEvidence, type Evidence, foldFact } from "./evidence.ts";
import { readEvidence, writeEvidence } from "./evidence-text.ts";
import type { Fact } from "./fact.ts";
import { takeLook } from "./look.ts";
import { fromSteps, type Metric } from "./metric.ts";
import type { JudgePlan } from "./plan.ts";
import { countRiders, emptyRiders, noteRider } from "./riders.ts";
import {
  factsOf,
  HOUR_MS,
  inTime,
  madeUpTrips,
  planFor,
  START_MS,
  scored,
} from "./testing/facts.ts";

const plan = planFor();
const error = plan.metrics[0] as Metric;

function fold(
  facts: readonly Fact[],
  by: JudgePlan = plan,
  evidence = createEvidence(by),
): Evidence {
  for (const fact of facts) foldFact(evidence, by, fact);
  return evidence;
}

const trip = (change: object = {}) =>
  factsOf({
    id: "t",
    atMs: START_MS,
    minutes: 10,
    truth: { value: 10 },
    values: { base: 11, candidate: 13 },
    ...change,
  });

/** The mean loss of both versions, in the metric's unit. */
function losses(evidence: Evidence) {
  const { n, candidate, base } = takeLook(evidence, plan).total.all.pairs[0] ?? {
    n: 0,
    candidate: 0,
    base: 0,
  };
  return { n, candidate: fromSteps(candidate / n, error), base: fromSteps(base / n, error) };
}

/** The clock goes on by itself: trips of other riders, without scores. */
function passTime(hours: number): Fact[] {
  return Array.from({ length: WITNESSES }, (_, i) => ({
    kind: "requested",
    tripId: `later-${hours}-${i}`,
    riderId: `later-${i}`,
    atMs: START_MS + hours * HOUR_MS + i,
    hour: 0,
    revision: 0,
    assigned: "base",
  }));
}

describe("order", () => {
  const facts = [...inTime(madeUpTrips(12)), ...trip({ id: "u", truth: {} }), ...passTime(3)];
  const expected = fold(facts);

  test("the same facts in any order, repeated, give the same sums to the last bit", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(facts, { minLength: facts.length }),
        fc.array(fc.constantFrom(...facts)),
        (shuffled, again) => {
          const evidence = fold([...shuffled, ...again]);
          expect(takeLook(evidence, plan)).toEqual(takeLook(expected, plan));
          expect(evidence.irregularities).toEqual(expected.irregularities);
        },
      ),
    );
  });

  test("a stop at any point, with the text in between, changes nothing", () => {
    fc.assert(
      fc.property(fc.nat(facts.length), (at) => {
        const before = readEvidence(writeEvidence(fold(facts.slice(0, at))));
        expect(writeEvidence(fold(facts.slice(at), plan, before))).toBe(writeEvidence(expected));
      }),
    );
  });

  test("text of another layout is refused", () => {
    expect(() => readEvidence('{"layout":0}')).toThrow("read the streams again");
  });
});

describe("pairs", () => {
  test("the first score counts; the same again by hindsight is no event", () => {
    const again = scored("candidate", "t", { value: 13, role: "hindsight" });
    const evidence = fold([...trip(), again]);
    expect(losses(evidence).candidate).toBeCloseTo(3, 2);
    expect(evidence.irregularities.parity).toEqual({ candidate: 0, base: 0 });
  });

  test("other bits are a parity violation, other features are not", () => {
    const other = scored("candidate", "t", { value: 13.000001, role: "hindsight" });
    const elsewhere = scored("candidate", "t", { value: 12, featureHash: "g", role: "hindsight" });
    const { irregularities } = fold([...trip(), other, elsewhere]);
    expect(irregularities).toMatchObject({
      parity: { candidate: 1, base: 0 },
      parityExamples: ["t:1"],
      otherFeatures: 1,
    });
  });

  test("bounds widened by another scale are no violation, those by the same scale are", () => {
    const wider = scored("base", "t", { value: 11, upper: 25, intervalScale: 1.5 });
    expect(fold([...trip(), wider]).irregularities.parity.base).toBe(0);
    const wrong = scored("base", "t", { value: 11, upper: 25 });
    expect(fold([...trip(), wrong]).irregularities.parity.base).toBe(1);
  });

  test("several predictions of a trip are one unit, their mean", () => {
    const more = [
      scored("base", "t", { seq: 3, value: 13 }),
      scored("candidate", "t", { seq: 3, value: 14 }),
      scored("candidate", "t", { seq: 4, value: 30 }), // nobody to compare with
    ];
    const { n, candidate, base } = losses(fold([...trip(), ...more]));
    expect(n).toBe(1);
    expect(candidate).toBeCloseTo(3.5, 2);
    expect(base).toBeCloseTo(2, 2);
  });

  test("losses are capped, and an answer that is no number costs the cap", () => {
    const far = fold(trip({ values: { base: 1e6, candidate: Number.NaN } }));
    expect(losses(far)).toEqual({ n: 1, candidate: 30, base: 30 });
    expect(far.irregularities.noNumber).toEqual({ candidate: 1, base: 0 });
  });

  test("different tensors are no pair where both versions are fed the same", () => {
    const same = planFor({ areInputsEqual: true });
    const [request, base, candidate, end] = trip() as [Fact, Fact, Fact, Fact];
    const facts = [request, base, { ...candidate, featureHash: "g" } as Fact, end];
    expect(takeLook(fold(facts, same), same).total.all).toMatchObject({ paired: 0, mismatched: 1 });
    expect(takeLook(fold(facts), plan).total.all).toMatchObject({ paired: 1, mismatched: 0 });
  });

  test("a release of an identical copy tells the two by their slots", () => {
    const digest = "d".repeat(64);
    const twins = planFor({
      base: { version: "v1", digest, slot: "blue" },
      candidate: { version: "v1-copy", digest, slot: "green" },
    });
    const facts = trip().map((fact) => (fact.kind === "scored" ? { ...fact, digest } : fact));
    expect(takeLook(fold(facts, twins), twins).total.all.paired).toBe(1);
  });

  test("scores of other versions are counted as such and no more", () => {
    const evidence = fold([scored("base", "t", { digest: "e".repeat(64) })]);
    expect(evidence.irregularities.foreign).toBe(1);
    expect(evidence.trips.size).toBe(0);
  });

  test("a trip whose truth nobody knows is completed and not labelled", () => {
    const { all } = takeLook(fold(trip({ truth: {} })), plan).total;
    expect(all).toMatchObject({ completed: 1, labelled: 0, paired: 0 });
  });
});

describe("time", () => {
  test("only cohorts old enough are matured, by their requests", () => {
    const facts = [...trip(), ...passTime(1.5)];
    expect(takeLook(fold(facts), plan).total.matured.paired).toBe(0);
    expect(takeLook(fold([...facts, ...passTime(1.8)]), plan).total).toMatchObject({
      all: { paired: 1 },
      matured: { paired: 1 },
    });
  });

  test("requests from before the release are not counted", () => {
    const { all } = takeLook(fold(trip({ atMs: START_MS - 1 })), plan).total;
    expect(all).toMatchObject({ requested: 0, paired: 0 });
  });

  test("rides of other years neither end the wait nor forget the others", () => {
    const strays = passTime(24 * 365).slice(0, WITNESSES - 1);
    const evidence = fold([...trip(), ...passTime(0), ...strays]);
    expect(takeLook(evidence, plan)).toMatchObject({ hours: 0, total: { matured: { paired: 0 } } });
    expect(evidence.trips.has("t")).toBe(true);
  });

  test("hours of the day are distinct ones with matured pairs", () => {
    const hours = [0, 1, 1.5, 25, 3].map((hour) =>
      trip({ id: `h${hour}`, atMs: START_MS + hour * HOUR_MS }),
    );
    const evidence = fold([...hours.flat(), ...passTime(5)]);
    expect(takeLook(evidence, plan).hours).toBe(3);
    expect(takeLook(fold(passTime(60), plan, evidence), plan).hours).toBe(3);
  });

  test("trips that never finish are forgotten and counted, and do not come back", () => {
    const [request, base, candidate, end] = trip() as [Fact, Fact, Fact, Fact];
    const unfinished = [request, base, candidate];
    const unpaired = trip({ id: "p" }).filter((fact) => fact.kind !== "scored");
    const facts = [...unfinished, ...unpaired, ...trip({ id: "whole" }), ...passTime(7)];
    const evidence = fold(facts);
    expect(evidence.irregularities).toMatchObject({ neverFinished: 1, neverPaired: 1, late: 0 });
    expect([...evidence.trips.keys()].every((id) => id.startsWith("later-"))).toBe(true);
    const look = takeLook(evidence, plan);
    expect(look.total.all.paired).toBe(1);
    // An end redelivered late opens the trip again; its request must not count it a second time.
    const redelivered = { ...end, atMs: START_MS + 7 * HOUR_MS } as Fact;
    fold([redelivered, ...facts], plan, evidence);
    expect(takeLook(evidence, plan).total).toEqual(look.total);
    expect(evidence.irregularities.late).toBeGreaterThan(0);
  });

  test("memory follows the open trips, not the finished ones", () => {
    const evidence = fold(inTime(madeUpTrips(6000, { hourly: 200 })));
    expect(evidence.trips.size).toBeLessThan(200 * 6.5);
    expect(evidence.strata[0]?.cohorts.size).toBeLessThan(28);
    expect(evidence.quarters.size).toBeLessThan(28);
    expect(takeLook(evidence, plan).total.all.paired).toBe(6000);
  });
});

describe("strata", () => {
  const weights = (revision: number, candidateWeight: number): Fact => ({
    kind: "weights",
    revision,
    candidateWeight,
  });

  test("one a change of weight; another scale of an interval is none", () => {
    const facts = [
      weights(4, 500),
      weights(5, 500),
      weights(9, 2500),
      ...trip({ id: "a", revision: 4 }),
      ...trip({ id: "b", revision: 6 }),
      ...trip({ id: "c", revision: 9 }),
    ];
    const { strata } = takeLook(fold(facts), plan);
    expect(strata.map(({ candidateWeight, all }) => [candidateWeight, all.paired])).toEqual([
      [0, 0],
      [500, 2],
      [2500, 1],
    ]);
  });

  test("requests are counted once a source, at their highest, and by what they grew in a stratum", () => {
    const operated = (revision: number, candidate: number): Fact => ({
      kind: "operated",
      source: "envoy-1",
      revision,
      requests: { candidate, base: 10 * candidate },
      errors: { candidate: 1, base: 2 },
      timed: { candidate, base: 10 * candidate },
      slow: { candidate: 0, base: 1 },
      slowSeconds: { candidate: 0, base: 1 },
      redelivered: { candidate: 0, base: 0 },
      redeliveredSeconds: { candidate: 0, base: 0 },
    });
    const facts = [
      weights(4, 500),
      operated(4, 5),
      operated(4, 9),
      operated(4, 7),
      weights(8, 1000),
      operated(8, 12),
      { ...operated(8, 3), source: "envoy-2" },
    ];
    const { strata } = takeLook(fold(facts), plan);
    expect(strata.map(({ operations }) => operations.requests.candidate)).toEqual([0, 9, 6]);
  });
});

describe("riders", () => {
  test("each once, wherever it stands", () => {
    const facts = [
      ...trip({ id: "a", riderId: "r1" }),
      ...trip({ id: "b", riderId: "r1" }),
      ...trip({ id: "c", riderId: "r2", served: "candidate" }),
      ...trip({ id: "d", riderId: "r3", truth: {} }),
    ];
    expect(takeLook(fold(facts), plan).riders).toEqual({
      assigned: { candidate: 1, base: 2, both: 0 },
      served: { candidate: 1, base: 2, both: 0 },
      labelled: { candidate: 1, base: 1, both: 0 },
    });
  });

  test("too many are drawn, in any order the same ones, and the ratio stays", () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => `rider-${i}`);
    const note = (order: readonly string[]) => {
      const riders = emptyRiders();
      for (const id of order) {
        noteRider(
          riders,
          id,
          ["assigned", Number(id.slice(6)) % 4 === 0 ? "candidate" : "base"],
          3000,
        );
      }
      return riders;
    };
    const riders = note(ids);
    const { candidate, base } = countRiders(riders, "assigned");
    expect(candidate + base).toBeLessThanOrEqual(3000);
    expect(candidate / (candidate + base)).toBeCloseTo(0.25, 1);
    expect(new Map([...note(ids.toReversed()).seen].toSorted())).toEqual(
      new Map([...riders.seen].toSorted()),
    );
  });
});
