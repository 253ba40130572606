import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromSeconds, fromUsd, toSeconds, toUsd } from "./amounts.ts";

describe("amounts", () => {
  test("a duration survives to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: -86_400_000, max: 86_400_000 }), (ms) => {
        expect(toSeconds(fromSeconds(ms / 1000))).toBeCloseTo(ms / 1000, 9);
      }),
    );
  });

  test("an amount survives to the cent, with units and nanos of one sign", () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), (cents) => {
        const money = fromUsd(cents / 100);
        expect(toUsd(money)).toBeCloseTo(cents / 100, 9);
        expect(Number(money.units) * money.nanos).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("what is missing is NaN, so that a check for finite numbers catches it", () => {
    expect(toSeconds(undefined)).toBeNaN();
    expect(toUsd(undefined)).toBeNaN();
  });
});
