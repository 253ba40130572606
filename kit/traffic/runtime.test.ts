import { describe, expect, test } from "vitest";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { runtimeOf, versionOf } from "./runtime.ts";
import { split } from "./testing/split.ts";

describe("the keys of a push", () => {
  test("are all keys of all services, so that none falls to a lower layer", () => {
    const keys = runtimeOf(split({ duration: { blue: 10_000, mirror: 2500 }, tip: { blue: 100 } }));
    expect(Object.keys(keys)).toHaveLength(4 * 2 * 3);
    expect(keys).toMatchObject({
      "traffic.duration.duration-blue": 10_000,
      "traffic.duration.duration-green": 0,
      "mirror.duration.green": { numerator: 2500, denominator: "TEN_THOUSAND" },
      "mirror.duration.blue": { numerator: 0, denominator: "TEN_THOUSAND" },
      "traffic.tip.tip-blue": 100,
      "traffic.tip.tip-green": 9900,
    });
  });

  test("give segment b what all others get, unless it has weights of its own", () => {
    const keys = runtimeOf(split({ tip: { blue: 9000 }, cost: { blue: 10_000, segmentBlue: 0 } }));
    expect(keys).toMatchObject({
      "segment.tip.tip-blue": 9000,
      "segment.tip.tip-green": 1000,
      "segment.cost.cost-blue": 0,
      "segment.cost.cost-green": 10_000,
    });
  });

  test("have the highest revision as their version", () => {
    const traffics = split({}).map((traffic, i) => ({
      ...traffic,
      revision: [7n, 12n, 3n, 9n][i] ?? 0n,
    }));
    expect(versionOf(traffics)).toBe(12n);
  });
});

describe("refused, because Envoy would acknowledge it", () => {
  const [duration, ...others] = split({}) as [Traffic, ...Traffic[]];
  const slot = (change: object) => ({
    version: "v1",
    weight: 0,
    mirror: 0,
    intervalScale: 1,
    ...change,
  });
  const refusal = (change: object) => {
    try {
      runtimeOf([{ ...duration, ...change }, ...others]);
      return "";
    } catch (error) {
      const { code, message } = MeshError.from(error);
      expect(code).toBe("INVALID_ARGUMENT");
      return message;
    }
  };

  test.each([
    ["a sum of nothing", { blue: slot({}), green: slot({}) }, "add up to 10000, not 0"],
    ["a sum below", { blue: slot({ weight: 5000 }) }, "add up to 10000, not 5000"],
    ["a slot that is missing", { blue: undefined }, "add up to 10000, not 0"],
    ["a weight below 0", { blue: slot({ weight: -1 }) }, "blue.weight: must be 0 to 10 000"],
    ["a broken weight", { blue: slot({ weight: 9999.5 }) }, "blue.weight: must be 0 to 10 000"],
    [
      "a mirror above all",
      { green: slot({ mirror: 10_001 }) },
      "green.mirror: must be 0 to 10 000",
    ],
    [
      "a mirror to a slot with weight",
      { blue: slot({ weight: 5000, mirror: 1 }), green: slot({ weight: 5000 }) },
      "blue.mirror: must be 0 for a slot with weight",
    ],
    [
      "a mirror to a slot with weight in segment b",
      {
        blue: slot({ weight: 10_000, segmentWeight: 0 }),
        green: slot({ mirror: 1, segmentWeight: 10_000 }),
      },
      "green.mirror: must be 0 for a slot with weight",
    ],
    ["a mirror to an empty slot", { green: slot({ version: "", mirror: 1 }) }, "green.version"],
    [
      "segment b with an empty slot",
      {
        blue: slot({ weight: 10_000, segmentWeight: 0 }),
        green: slot({ version: "", segmentWeight: 10_000 }),
      },
      "green.version",
    ],
    [
      "weights of segment b that do not add up",
      {
        blue: slot({ weight: 10_000, segmentWeight: 5000 }),
        green: slot({ segmentWeight: 4000 }),
      },
      "segment_weight: blue and green must add up to 10000, not 9000",
    ],
    [
      "one weight of segment b alone",
      { blue: slot({ weight: 10_000, segmentWeight: 10_000 }) },
      "segment_weight: must be given for both slots, or for none",
    ],
    ["an unknown service", { service: "weather" }, "duration: must be given once, not 0 times"],
  ])("%s", (_, change, message) => {
    expect(refusal(change)).toContain(message);
  });

  test("a service that is missing or there twice", () => {
    expect(() => runtimeOf(others)).toThrow("duration: must be given once, not 0");
    expect(() => runtimeOf([...split({}), duration])).toThrow(
      "duration: must be given once, not 2 times",
    );
  });
});
