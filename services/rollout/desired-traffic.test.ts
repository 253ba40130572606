import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Rollout, RolloutState, Strategy } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { armIn } from "#kit/traffic/arm.ts";
import { checkTraffic, firstTraffic, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { desiredTraffic, isIdle, otherSlot, sameTraffic, slotOf } from "./desired-traffic.ts";
import { rolloutOf, stage } from "./testing/rollouts.ts";

const { RUNNING, PAUSED, HELD, PROMOTED, ABORTED } = RolloutState;
const weights = fc
  .array(fc.integer({ min: 0, max: TOTAL_WEIGHT }), { minLength: 1, maxLength: 6 })
  .map((all) => all.toSorted((a, b) => a - b));
const strategies = [Strategy.CANARY, Strategy.BLUE_GREEN, Strategy.SHADOW, Strategy.AB] as const;

/** Any rollout at any moment, and the traffic that it began with. */
const moments = fc
  .record({
    weights,
    mirror: fc.integer({ min: 0, max: TOTAL_WEIGHT }),
    at: fc.nat(),
    state: fc.constantFrom(RUNNING, PAUSED, HELD, PROMOTED, ABORTED),
    strategy: fc.constantFrom(...strategies),
    bySegment: fc.boolean(),
    candidateSlot: fc.constantFrom("blue", "green"),
  })
  .map(({ weights: all, mirror, at, strategy, ...rest }) => {
    const isShadow = strategy === Strategy.SHADOW;
    const rollout = rolloutOf({
      ...rest,
      strategy,
      bySegment: rest.bySegment && strategy === Strategy.AB,
      stages: all.map((weight) => (isShadow ? stage(0, mirror) : stage(weight))),
      currentStage: 1 + (at % all.length),
    });
    return { rollout, before: liveIn(rest.candidateSlot === "blue" ? "green" : "blue") };
  });

function liveIn(slot: "blue" | "green"): Traffic {
  const { blue, green, ...rest } = firstTraffic("duration");
  return slot === "blue" ? { ...rest, blue, green } : { ...rest, blue: green, green: blue };
}

const candidateIn = (rollout: Rollout, traffic: Traffic) =>
  slotOf(traffic, rollout.candidateSlot as "blue" | "green");

describe("whatever a rollout is at", () => {
  test("its traffic can be: weights add up to 10,000, and the old version stays where it is", () => {
    fc.assert(
      fc.property(moments, ({ rollout, before }) => {
        const traffic = desiredTraffic(rollout, before);
        expect(() => checkTraffic(traffic)).not.toThrow();
        const live = otherSlot(rollout.candidateSlot as "blue" | "green");
        expect(slotOf(traffic, live).version).toBe("v1");
        expect(slotOf(traffic, "blue").weight + slotOf(traffic, "green").weight).toBe(10_000);
      }),
    );
  });

  test("asked again it wants the same", () => {
    fc.assert(
      fc.property(moments, ({ rollout, before }) => {
        const once = desiredTraffic(rollout, before);
        expect(sameTraffic(desiredTraffic(rollout, once), once)).toBe(true);
      }),
    );
  });

  test("aborted means that the candidate has nothing, and that it is not put back into its slot", () => {
    fc.assert(
      fc.property(moments, ({ rollout, before }) => {
        const during = desiredTraffic({ ...rollout, state: RUNNING }, before);
        const aborted = { ...rollout, state: ABORTED };
        const after = desiredTraffic(aborted, during);
        expect(isIdle(candidateIn(rollout, after))).toBe(true);
        const slot = rollout.candidateSlot;
        const emptied = { ...after, [slot]: { ...candidateIn(rollout, after), version: "" } };
        expect(sameTraffic(desiredTraffic(aborted, emptied), emptied)).toBe(true);
      }),
    );
  });

  test("promoted means that it has everybody", () => {
    fc.assert(
      fc.property(moments, ({ rollout, before }) => {
        const after = desiredTraffic({ ...rollout, state: PROMOTED }, before);
        const wanted = { version: "v2", weight: 10_000, mirror: 0, segmentWeight: undefined };
        expect(candidateIn(rollout, after)).toMatchObject(wanted);
      }),
    );
  });

  test("before the first stage nothing is changed, and after its abort neither", () => {
    fc.assert(
      fc.property(moments, ({ rollout, before }) => {
        for (const state of [RUNNING, PAUSED, ABORTED]) {
          expect(desiredTraffic({ ...rollout, state, currentStage: 0 }, before)).toEqual(before);
        }
      }),
    );
  });
});

test("a growing canary never moves a rider back", () => {
  const riders = fc.array(fc.uuid(), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(weights, riders, fc.constantFrom("blue", "green"), (all, ids, candidateSlot) => {
      const stages = all.map((weight) => stage(weight));
      let traffic = liveIn(candidateSlot === "blue" ? "green" : "blue");
      const moved = new Set<string>();
      for (let currentStage = 1; currentStage <= stages.length; currentStage++) {
        traffic = desiredTraffic(rolloutOf({ candidateSlot, stages, currentStage }), traffic);
        for (const rider of ids) {
          const isMoved = armIn(traffic, rider, "") === candidateSlot;
          if (moved.has(rider)) expect(isMoved, rider).toBe(true);
          if (isMoved) moved.add(rider);
        }
      }
    }),
  );
});

test("an A/B by segment leaves all other riders where they are", () => {
  const rollout = rolloutOf({ strategy: Strategy.AB, bySegment: true, stages: [stage(10_000)] });
  const traffic = desiredTraffic({ ...rollout, currentStage: 1 }, liveIn("blue"));
  expect(["", "a", "b"].map((segment) => armIn(traffic, "anybody", segment))).toEqual([
    "blue",
    "blue",
    "green",
  ]);
});

test("a rolling release changes the version of its slot when all processes have it", () => {
  const rolling = { strategy: Strategy.ROLLING, candidateSlot: "blue", stages: [stage(0)] };
  const at = (state: RolloutState) =>
    desiredTraffic(rolloutOf({ ...rolling, currentStage: 1, state }), liveIn("blue"));
  expect(at(RUNNING)).toEqual(liveIn("blue"));
  expect(at(ABORTED)).toEqual(liveIn("blue"));
  expect(at(PROMOTED).blue).toMatchObject({ version: "v2", weight: 10_000 });
});
