import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../simulator/random.ts";
import { adaptScale, LARGEST_SCALE, SMALLEST_SCALE } from "./adaptive-scale.ts";
import { scaleInterval } from "./interval.ts";

const interval = fc
  .tuple(fc.float({ min: 1, max: 180, noNaN: true }), fc.nat(60), fc.nat(60))
  .map(([value, below, above]) => ({ value, lower: value - below, upper: value + above }));
const scale = fc.double({ min: SMALLEST_SCALE, max: LARGEST_SCALE, noNaN: true });

describe("a scaled interval", () => {
  test("stays as it was at scale 1", () => {
    fc.assert(fc.property(interval, (shown) => scaleInterval(shown, 1) === shown));
  });

  test("has scale times the width, around the same value", () => {
    fc.assert(
      fc.property(interval, scale, (shown, factor) => {
        const { value, lower, upper } = scaleInterval(shown, factor);
        expect(value).toBe(shown.value);
        expect(upper - lower).toBeCloseTo(factor * (shown.upper - shown.lower), 3);
      }),
    );
  });

  test("does not leave the range of the outputs", () => {
    const shown = { value: 2, lower: 1.5, upper: 170 };
    const limits = { minimum: 1, maximum: 180 };
    expect(scaleInterval(shown, 4, limits)).toEqual({ value: 2, lower: 1, upper: 180 });
  });
});

describe("an adaptive scale", () => {
  test("grows at a miss, shrinks a quarter as much when it held, and stays within its limits", () => {
    fc.assert(
      fc.property(scale, (now) => {
        const missed = adaptScale(now, false);
        const held = adaptScale(now, true);
        expect(missed).toBeGreaterThanOrEqual(Math.min(now * 1.0079, LARGEST_SCALE));
        expect(held).toBeLessThanOrEqual(now);
        if (missed < LARGEST_SCALE && held > SMALLEST_SCALE) {
          expect(Math.log(missed / now) / Math.log(now / held)).toBeCloseTo(4, 6);
        }
        for (const next of [missed, held]) {
          expect(next).toBeGreaterThanOrEqual(SMALLEST_SCALE);
          expect(next).toBeLessThanOrEqual(LARGEST_SCALE);
        }
      }),
    );
  });

  test.each([
    ["noisier than the model was trained for", 2],
    ["calmer", 0.6],
  ])("finds back to 80 %% when the world is %s", (_, spread) => {
    const random = createRandom(`world ${spread}`);
    const halfWidth = 1.2816; // of a normal with spread 1, at 80 %
    let factor = 1;
    let held = 0;
    for (let i = 0; i < 20_000; i++) {
      const isHeld = Math.abs(random.normal() * spread) <= factor * halfWidth;
      if (i >= 2_000 && isHeld) held++;
      factor = adaptScale(factor, isHeld);
    }
    expect(held / 18_000).toBeCloseTo(0.8, 2);
    expect(factor / spread).toBeGreaterThan(0.8);
    expect(factor / spread).toBeLessThan(1.25);
  });
});
