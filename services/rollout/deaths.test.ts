import { expect, test } from "vitest";
import { createDeaths } from "./deaths.ts";
import { rolloutOf } from "./testing/rollouts.ts";

const stage = (currentStage: number) => rolloutOf({ currentStage });
const killed = { signal: "SIGKILL" };

test("a kill from outside is nobody's fault, the third one in a stage is", () => {
  const deaths = createDeaths({ isBack: async () => true, now: () => 0 });
  const faults = [1, 1, 2, 2, 1, 2].map((at) => deaths.isFault(stage(at), killed));
  expect(faults).toEqual([false, false, false, false, true, true]);
});

test("an end by itself is the candidate's fault, and so is a signal that it got for what it did", async () => {
  const deaths = createDeaths({ isBack: async () => true, now: () => 0 });
  for (const signal of [undefined, "SIGSEGV", "SIGABRT"]) {
    expect(deaths.isFault(stage(1), { signal })).toBe(true);
  }
  expect(await deaths.isExcused(stage(1))).toBe(false);
});

test("what fails until it is back is excused, and a little later; what never comes back is not", async () => {
  let nowMs = 0;
  let isThere = false;
  const deaths = createDeaths({ isBack: async () => isThere, now: () => nowMs });
  const killedAt = (ms: number) => {
    nowMs = ms;
    deaths.isFault(stage(1), killed);
  };
  const isExcusedAt = (ms: number) => {
    nowMs = ms;
    return deaths.isExcused(stage(1));
  };
  killedAt(0);
  expect(await deaths.isExcused(rolloutOf({ rolloutId: "another" }))).toBe(false);
  expect(await isExcusedAt(30_000)).toBe(true); // a slow start
  isThere = true;
  expect(await isExcusedAt(31_000)).toBe(true);
  expect(await isExcusedAt(35_999)).toBe(true);
  expect(await isExcusedAt(36_000)).toBe(false);
  isThere = false;
  killedAt(100_000);
  expect(await isExcusedAt(159_999)).toBe(true);
  expect(await isExcusedAt(160_000)).toBe(false);
});
