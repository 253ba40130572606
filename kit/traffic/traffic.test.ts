import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MeshError } from "#kit/rpc/errors.ts";
import { armIn, armOf, bucketOf } from "./arm.ts";
import { split } from "./testing/split.ts";
import { checkTraffic, firstTraffic, type Slot } from "./traffic.ts";

const rider = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);
const weight = fc.integer({ min: 0, max: 10_000 });

describe("arms", () => {
  test("the same rider always has the same bucket, 0 to 9 999", () => {
    fc.assert(
      fc.property(rider, (id) => {
        const bucket = bucketOf("salt", id);
        expect(bucket).toBe(bucketOf("salt", id));
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(10_000);
      }),
    );
  });

  test("a growing weight never moves a rider back", () => {
    fc.assert(
      fc.property(rider, weight, weight, (id, a, b) => {
        const [small, large] = a < b ? [a, b] : [b, a];
        if (armOf("s", id, small) === "blue") expect(armOf("s", id, large)).toBe("blue");
      }),
    );
  });

  test("riders are shared as the weight says", () => {
    const riders = Array.from({ length: 20_000 }, (_, i) => `rider-${i}`);
    const share = riders.filter((id) => armOf("s", id, 2500) === "blue").length / riders.length;
    expect(share).toBeCloseTo(0.25, 1);
  });

  test("another salt puts other riders first", () => {
    const riders = Array.from({ length: 10_000 }, (_, i) => `rider-${i}`);
    const first = riders.filter((id) => armOf("one", id, 1000) === "blue");
    const again = first.filter((id) => armOf("two", id, 1000) === "blue").length / first.length;
    expect(again).toBeLessThan(0.2);
  });
});

describe("arms of riders of segment b", () => {
  const riders = Array.from({ length: 200 }, (_, i) => `rider-${i}`);
  const armsIn = (splits: Parameters<typeof split>[0], segment: string): Set<Slot> => {
    const tip = split(splits).find(({ service }) => service === "tip") ?? firstTraffic("tip");
    return new Set(riders.map((rider) => armIn(tip, rider, segment)));
  };

  test("are those of an A/B by segment, whose weights are their own", () => {
    const bySegment = { tip: { blue: 10_000, segmentBlue: 0 } };
    expect(armsIn(bySegment, "b")).toEqual(new Set(["green"]));
    expect(armsIn(bySegment, "a")).toEqual(new Set(["blue"]));
    expect(armsIn(bySegment, "")).toEqual(new Set(["blue"]));
  });

  test("are everybody's outside one", () => {
    expect(armsIn({ tip: { blue: 0 } }, "b")).toEqual(new Set(["green"]));
  });
});

describe("traffic", () => {
  const refusal = (change: object) => {
    try {
      checkTraffic({ ...firstTraffic("tip"), ...change });
      return undefined;
    } catch (error) {
      return MeshError.from(error).message;
    }
  };

  test("starts with everything on v1 in the blue slot", () => {
    expect(checkTraffic(firstTraffic("tip")).blue).toMatchObject({ version: "v1", weight: 10_000 });
  });

  test("must add up", () => {
    const green = { version: "v2", weight: 1, mirror: 0, intervalScale: 1 };
    expect(refusal({ green })).toContain("add up to 10000, not 10001");
  });

  test("gives no weight to a slot without a version", () => {
    const blue = { version: "", weight: 10_000, mirror: 0, intervalScale: 1 };
    expect(refusal({ blue })).toContain("blue.version");
  });

  test("is of a known service", () => {
    expect(refusal({ service: "churn" })).toContain("must be one of");
  });
});
