// Envoy's hash and its twin in kit/traffic/arm.ts: events and requests of a rider must end in the same slot.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { armOf } from "#kit/traffic/arm.ts";
import { slots } from "#kit/traffic/traffic.ts";
import { type Asking, askThrough, ofAll, serveModel } from "./canned-model.ts";
import { saveSplit } from "./save-split.ts";
import { startTrial, type Trial } from "./trial.ts";

const riders = Array.from({ length: 10_000 }, (_, index) => `rider-${index}`);
let trial: Trial;
let asking: Asking;

beforeAll(async () => {
  trial = await startTrial({ durationTimeoutMs: 5000 });
  for (const slot of slots) {
    for (const service of ["duration", "tip"]) {
      const model = await serveModel(trial, slot);
      await trial.deploy(`${service}-${slot}`, [model.address]);
    }
  }
  asking = askThrough(trial);
});
afterAll(() => trial.stop());

test("10,000 riders are where the twin says, and a growing weight moves none of them back", async () => {
  let inGreen = new Set<string>();
  for (const green of [1, 500, 2500, 9999]) {
    const blue = 10_000 - green;
    await saveSplit(trial, { duration: { blue } });
    const found = await slotsOf("duration-7");
    expect(found).toEqual(riders.map((rider) => armOf("duration-7", rider, blue)));
    const now = new Set(riders.filter((_, index) => found[index] === "green"));
    expect([...inGreen].filter((rider) => !now.has(rider))).toEqual([]);
    inGreen = now;
  }
  expect(inGreen.size).toBeGreaterThan(9900);
}, 180_000);

test("so they are with other salts", async () => {
  await saveSplit(trial, { duration: { blue: 5000 } });
  const found: string[][] = [];
  for (const salt of ["duration-8", "r:0/~"]) {
    found.push(await slotsOf(salt));
    expect(found.at(-1)).toEqual(riders.map((rider) => armOf(salt, rider, 5000)));
  }
  const same = riders.filter((_, index) => found[0]?.[index] === found[1]?.[index]);
  expect(same.length / riders.length).toBeCloseTo(0.5, 1);
}, 180_000);

describe("riders of segment b", () => {
  const some = riders.slice(0, 500);

  test("are shared like all others outside an A/B by segment", async () => {
    await saveSplit(trial, { duration: { blue: 3000 } });
    const expected = some.map((rider) => armOf("s", rider, 3000));
    expect(await slotsOf("s", some, { "x-segment": "b" })).toEqual(expected);
  });

  test("have weights of their own in one, and nobody else has", async () => {
    await saveSplit(trial, {
      duration: { blue: 10_000, segmentBlue: 2500 },
      tip: { blue: 10_000, segmentBlue: 0 },
    });
    const expected = some.map((rider) => armOf("s", rider, 2500));
    expect(await slotsOf("s", some, { "x-segment": "b" })).toEqual(expected);
    const blue = new Set(["blue"]);
    expect(new Set(await slotsOf("s", some, { "x-segment": "a" }))).toEqual(blue);
    expect(new Set(await slotsOf("s", some))).toEqual(blue);
    expect(await asking.infer({ "x-model": "tip", "x-segment": "b" })).toBe("green");
    expect(await asking.infer({ "x-model": "tip" })).toBe("blue");
  });

  test("get the slot that x-slot names all the same", async () => {
    await saveSplit(trial, { duration: { blue: 10_000, segmentBlue: 0 } });
    expect(await asking.predict({ "x-segment": "b", "x-slot": "blue" })).toBe("blue");
  });
});

function slotsOf(
  salt: string,
  some: readonly string[] = riders,
  headers: Record<string, string> = {},
): Promise<string[]> {
  return ofAll(some, (rider) => asking.predictFor(salt, rider, headers));
}
